import { expect, test } from 'vitest'
import { PathUri } from '../../protocol/path-uri.ts'
import { listThere } from './tree-listing.ts'

const root = PathUri.fromNative('/r')

function list(path: string, more: { truncated?: boolean; errors?: { path: string; message: string }[] } = {}) {
  const tree = { entries: [{ path, kind: 'file' as const }], errors: [], truncated: false, ...more }
  return listThere({ walk: () => Promise.resolve(tree) }, root)
}

test('names are bytes below the root', async () => {
  expect(await list('file:///r/a%20b/%FF')).toEqual({
    directories: [],
    files: [Buffer.from('a b/\xff', 'latin1')],
    leftOut: undefined,
  })
})

test.each([
  'file:///etc/passwd',
  'file:///r',
  'file:///r/../etc/passwd',
  'file:///r/..%2F..%2Fetc',
  'file:///rest/a',
  'r/a',
])('a gateway that lists %s is not believed', async path => {
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
