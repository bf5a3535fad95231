import { mkdtempDisposableSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { OomEvents } from './oom-events.ts'

const events = (kills: number) => `low 0\nhigh 0\nmax 12\noom 9\noom_kill ${kills}\noom_group_kill 0\n`

it('tells of kills since it was last asked, each once', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-oom-'))
  const file = join(folder.path, 'memory.events')
  writeFileSync(file, events(3))
  const oom = new OomEvents(file)
  expect(oom.hasKilled()).toBe(false)
  writeFileSync(file, events(4))
  expect(oom.hasKilled()).toBe(true)
  expect(oom.hasKilled()).toBe(false)
})

it('takes no kill of before for a new one when it could not look for once', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-oom-'))
  const file = join(folder.path, 'memory.events')
  writeFileSync(file, events(3))
  const oom = new OomEvents(file)
  renameSync(file, `${file}.away`)
  expect(oom.hasKilled()).toBe(false)
  renameSync(`${file}.away`, file)
  expect(oom.hasKilled()).toBe(false)
})

it.each([undefined, '/nowhere/memory.events'])('knows of none where it cannot look: %s', file => {
  const oom = new OomEvents(file)
  expect(oom.hasKilled()).toBe(false)
})

it('knows of none where the kernel does not count them', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-oom-'))
  const file = join(folder.path, 'memory.events')
  writeFileSync(file, 'low 0\n')
  expect(new OomEvents(file).hasKilled()).toBe(false)
})
