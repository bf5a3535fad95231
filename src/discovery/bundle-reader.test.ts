import { expect, test } from 'vitest'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { BundleReader, maxFileBytes } from './bundle-reader.ts'
import { CapabilityPath } from './capability-path.ts'

test('the files of a root are read within its budget, and refused ones cost nothing', async () => {
  using folder = new ScratchFolder()
  const root = new CapabilityPath(folder.uri, Buffer.from(folder.path))
  folder.write('half', 'x'.repeat(maxFileBytes / 2))
  folder.write('full', 'x'.repeat(maxFileBytes))
  let taken = 0
  const reader = new BundleReader(bytes => {
    taken += bytes
  })
  expect(await reader.read(root.child('half'))).toBeDefined()
  for (let count = 0; count < 15; count++) expect(await reader.read(root.child('full'))).toBeDefined()
  expect(await reader.read(root.child('full'))).toBeUndefined()
  expect(reader.warnings).toEqual(['capability root bundle exceeds the 16777216-byte limit'])
  expect(await reader.read(root.child('half'))).toBeDefined()
  expect(await reader.read(root.child('missing'))).toBeUndefined()
  expect(reader.warnings).toHaveLength(1)
  expect(taken).toBe(16 * 1024 * 1024)
})
