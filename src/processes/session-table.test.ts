import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { processorTimeOf } from '../../test/support/processor-time.ts'
import { SessionTable } from './session-table.ts'

const sessions = Array.from({ length: 1000 }, (_, index) => index + 2)

test('many sessions are looked up in no more than some times what one takes', () => {
  const one = processorTimeOf(() => new SessionTable().membersOf(1))
  const table = new SessionTable()
  const many = processorTimeOf(() => {
    for (const session of sessions) table.membersOf(session)
  })
  expect(many).toBeLessThan(50 * one)
})

test('who comes before the next turn is found in it', async () => {
  const table = new SessionTable()
  table.membersOf(1)
  const leader = spawn('/bin/cat', { detached: true })
  await once(leader, 'spawn')
  await setImmediate()
  const pid = leader.pid ?? expect.fail()
  expect(table.membersOf(pid)).toEqual([pid])
  leader.kill('SIGKILL')
  await once(leader, 'exit')
})
