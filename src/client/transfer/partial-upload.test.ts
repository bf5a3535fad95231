import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { failureOf } from '../../../test/support/failure-of.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { disconnected } from '../call-errors.ts'
import { blockBytes } from '../file-handle.ts'
import { repeated } from '../repeats.ts'
import { PartialUpload } from './partial-upload.ts'
import { TransferCount } from './transfer-count.ts'
import type { TransferRun } from './transfer-run.ts'

const size = 12 * blockBytes

/** Uploads a file to a server that has so many bytes of it; resolves to how that ended and the pauses on the way. */
async function upload(answer: (method: string) => object) {
  using folder = new ScratchFolder()
  folder.write('file', 'x'.repeat(size))
  await using file = await open(join(folder.path, 'file'))
  const pauses: number[] = []
  const call = async (method: string) => answer(method)
  const calls: TransferRun['calls'] = {
    connection: {},
    call: call as TransferRun['calls']['call'],
    repeated: (attempt, _signal, hasAdvanced) =>
      repeated(attempt, { retryMs: 100, pause: async ms => void pauses.push(ms), hasAdvanced }),
  }
  const count = new TransferCount(1)
  const { signal } = new AbortController()
  const sending = new PartialUpload(
    { calls, canWriteBlocks: true, journal: undefined, count, signal },
    {
      source: Buffer.from(join(folder.path, 'file')),
      file,
      size,
      identity: String((await file.stat({ bigint: true })).ino),
      target: 'there',
      place: { uri: 'file:///there', metadata: undefined },
      count: count.begin(size),
    },
  ).send()
  return { failure: await failureOf(sending), pauses }
}

it('pauses for longer and longer when nothing arrives on one connection after the other', async () => {
  const { failure, pauses } = await upload(() => {
    throw disconnected()
  })
  expect(failure).toMatchObject({ kind: 'disconnected' })
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200])
})

it('goes on at once for as long as something arrives', async () => {
  let bytes = 0
  const { failure, pauses } = await upload(method => {
    if (method === 'fs/getMetadata') return { size: bytes }
    if (method !== 'fs/writeBlock') return {}
    if (bytes === size - blockBytes) throw new Error('far enough')
    bytes += blockBytes
    if (bytes % (2 * blockBytes) === 0) throw disconnected()
    return {}
  })
  expect(failure).toMatchObject({ message: 'far enough' })
  expect(pauses).toEqual([])
})
