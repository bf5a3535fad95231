import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs, { symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { leaveDeadChild } from '../../test/support/dead-child.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { listedPids, readStat } from './proc-stat.ts'

it.each(['sleep', 'a) Z 1 (b', '))'])('tells of a process, whatever its name is: %s', async name => {
  using folder = new ScratchFolder()
  const file = join(folder.path, name)
  symlinkSync('/bin/sleep', file)
  const child = spawn(file, ['60'], { stdio: 'ignore', detached: true })
  await once(child, 'spawn')
  const stat = readStat(child.pid ?? expect.fail())
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(stat).toMatchObject({ parent: process.pid, session: child.pid, foregroundGroup: undefined })
  expect(stat?.state).toMatch(/^[RSD]$/)
  expect(stat?.startTicks).toBeGreaterThan(readStat(process.pid)?.startTicks ?? expect.fail())
})

it('tells of one that has ended while nobody has waited for it', async () => {
  using dead = await leaveDeadChild()
  expect(readStat(dead.pid)?.state).toBe('Z')
})

it('tells nothing of one that is gone', () => {
  expect(readStat(spawnSync('true').pid)).toBeUndefined()
})

it('lists every process', () => {
  expect(listedPids()).toEqual(expect.arrayContaining([process.pid, process.ppid]))
})

it('lists nothing while no descriptor is left', () => {
  const listing = vi.spyOn(fs, 'readdirSync').mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  })
  syncBuiltinESMExports()
  try {
    expect(listedPids()).toEqual([])
  } finally {
    listing.mockRestore()
    syncBuiltinESMExports()
  }
})
