import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import type { Libc } from '../libc/libc.ts'
import { SystemError } from '../libc/system-error.ts'
import { listedPids, readStat } from '../lifecycle/proc-stat.ts'
import { signalSessionMembers } from './session-members.ts'
import { SessionTable } from './session-table.ts'

it('signals whom it may, whoever else there is', async () => {
  const leader = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60 & wait'], { stdio: 'ignore', detached: true })
  await once(leader, 'spawn')
  const id = leader.pid ?? expect.fail()
  const members = () => listedPids().filter(pid => readStat(pid)?.session === id)
  await eventually(() => members().length === 3, 'all of the session are there')
  const pids = members()
  const asked: number[] = []
  const libc: Pick<Libc, 'openPidDescriptor' | 'signalByDescriptor' | 'close'> = {
    openPidDescriptor: pid => {
      asked.push(pid)
      if (asked.length === 1) throw new SystemError(24)
      return pid
    },
    signalByDescriptor: pid => {
      if (asked.length === 2) throw new SystemError(1)
      process.kill(pid, 'SIGKILL')
    },
    close: () => {},
  }
  const areSignalled = signalSessionMembers(
    { libc: libc as Libc, sessions: new SessionTable() },
    { id, leaderReaped: false },
    9,
  )
  expect(areSignalled).toBe(false)
  expect(asked).toEqual(pids)
  process.kill(-id, 'SIGKILL')
  await once(leader, 'exit')
})
