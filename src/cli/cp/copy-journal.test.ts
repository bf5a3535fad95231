import { readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { copyJournals, forgetOldJournals, journalName } from './copy-journal.ts'

it.each([
  [{ XDG_STATE_HOME: '/state', HOME: '/home/u' }, '/state/execgate/copies'],
  [{ XDG_STATE_HOME: 'relative', HOME: '/home/u' }, '/home/u/.local/state/execgate/copies'],
  [{}, undefined],
])('with %j copies are recorded in %s', (environment, folder) => {
  expect(copyJournals(environment)).toBe(folder)
})

it('gives every copy a journal of its own', () => {
  const remote = { uri: PathUri.fromNative('/b'), isDirectory: false, isContents: false }
  const request = { url: 'ws://a', direction: 'up', local: 'a', remote } as const
  const name = (
    changes: Partial<typeof request> | { direction: 'down' } | { url: string },
    here = '/a',
    there = '/b',
  ) => journalName({ ...request, ...changes }, Buffer.from(here), PathUri.fromNative(there))
  const names = [name({}), name({ direction: 'down' }), name({ url: 'ws://b' }), name({}, '/c'), name({}, '/a', '/c')]
  expect(new Set(names).size).toBe(names.length)
  expect(name({})).toBe(names[0])
})

it('forgets journals nobody has gone on with for a month, and nothing else', () => {
  using folder = new ScratchFolder()
  const day = 24 * 60 * 60
  const now = 1_000_000_000
  for (const [name, age] of [
    ['old.jsonl', 31],
    ['old.jsonl.lock', 31],
    ['recent.jsonl', 29],
    ['old.txt', 31],
  ] as const) {
    folder.write(name, '')
    utimesSync(join(folder.path, name), now - age * day, now - age * day)
  }
  forgetOldJournals(folder.path, now * 1000)
  expect(readdirSync(folder.path)).toEqual(['old.txt', 'recent.jsonl'])
  forgetOldJournals(join(folder.path, 'none'), now * 1000)
})
