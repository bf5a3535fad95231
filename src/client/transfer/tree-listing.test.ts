import { expect, test } from 'vitest'
import { failureOf } from '../../../test/support/failure-of.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import type { FileCalls } from '../file-handle.ts'
import { listHere, listThere } from './tree-listing.ts'

const file = { fileName: 'a', isDirectory: false, isFile: true }

const root = PathUri.fromNative('/r')

function list(path: string, more: { truncated?: boolean; errors?: { path: string; message: string }[] } = {}) {
  const tree = { entries: [{ path, kind: 'file' }], errors: [], truncated: false, ...more }
  const listed = { entries: [file, file, file] }
  const calls = { call: (method: string) => Promise.resolve(method === 'fs/walk' ? tree : listed) }
  return listThere(calls as Pick<FileCalls, 'call'>, root, { width: 1, signal: undefined })
}

test('names are bytes below the root, and what is listed beside them is left out', async () => {
  expect(await list('file:///r/a%20b/%FF')).toEqual({
    directories: [],
    files: [Buffer.from('a b/\xff', 'latin1')],
    // Three are listed.
    leftOut: 2,
  })
})

test.each([
  'file:///etc/passwd',
  'file:///r',
  'file:///r/../etc/passwd',
  'file:///r/..%2F..%2Fetc',
  'file:///rest/a',
  'r/a',
])('a server that lists %s is not believed', async path => {
  await expect(list(path)).rejects.toMatchObject({ kind: 'protocolViolation' })
})

test('what cannot be listed whole is not copied in part', async () => {
  await expect(list('file:///r/a', { truncated: true })).rejects.toMatchObject({ kind: 'limitReached' })
  const errors = [{ path: 'file:///r/b', message: 'Permission denied (os error 13)' }]
  await expect(list('file:///r/a', { errors })).rejects.toMatchObject({
    kind: 'refused',
    message: 'file:///r/b: Permission denied (os error 13)',
  })
})

test('a tree of this machine is listed until the abort', async () => {
  using folder = new ScratchFolder()
  folder.write('inner/a', '')
  const here = Buffer.from(folder.path)
  const abort = new AbortController()
  expect(await listHere(here, abort.signal)).toEqual({
    directories: [Buffer.from('inner')],
    files: [Buffer.from('inner/a')],
    leftOut: 0,
  })
  const listing = failureOf(listHere(here, abort.signal))
  abort.abort(new Error('enough'))
  expect(await listing).toBe(abort.signal.reason)
})
