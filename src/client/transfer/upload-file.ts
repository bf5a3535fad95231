import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { blocksUnsupported, maxWholeBytes } from '../file-blocks.ts'
import { blockBytes } from '../file-handle.ts'
import { FileWriter } from '../file-writer.ts'
import { identityOf, localIdentity, remoteIdentity } from './identity.ts'
import { readAt } from './local-file.ts'
import { PartialUpload, type UploadedFile } from './partial-upload.ts'
import { metadataIfAny, remotePlace } from './remote-place.ts'
import { smallBytes, type TransferRun } from './transfer-run.ts'

/** A file and where it goes; `target` is a `file:` URL. */
export interface UploadTask {
  readonly source: Buffer
  readonly target: string
}

/** Puts a file of this machine in its place at the server, unless an earlier run of the same transfer has. */
export async function uploadFile(run: TransferRun, { source, target }: UploadTask): Promise<void> {
  const { calls, journal, signal } = run
  // A FIFO would wait for whoever writes to it.
  await using file = await open(source, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await file.stat({ bigint: true })
  if (!stats.isFile()) throw new GatewayError('refused', `${source.toString()} is no file`)
  const size = Number(stats.size)
  const identity = localIdentity(stats)
  const count = run.count.begin(size)
  const result = journal?.resultOf(target, identity)
  if (result !== undefined) {
    const found = await metadataIfAny(calls, target, signal)
    if (found !== undefined && remoteIdentity(found) === result) {
      count.keep(size)
      count.finish()
      return
    }
  }
  if (size <= smallBytes || !run.canWriteBlocks) {
    const bytes = await sendWhole(run, { file, size, target })
    count.reach(bytes)
  } else {
    const place = await remotePlace(calls, target, signal)
    await sendInBlocks(run, { source, file, size, identity, target, place, count })
  }
  if (journal !== undefined && (await identityOf(file)) === identity) {
    const written = await calls.call('fs/getMetadata', { path: target }, { repeats: true, signal })
    await journal.finish(target, identity, remoteIdentity(written))
  }
  count.finish()
}

/** Sent again when the connection breaks: the contents are the same. */
async function sendWhole(
  { calls, signal }: TransferRun,
  { file, size, target: path }: Pick<UploadedFile, 'file' | 'size' | 'target'>,
): Promise<number> {
  if (size > maxWholeBytes) throw blocksUnsupported()
  const bytes = await file.readFile({ signal })
  await calls.call('fs/writeFile', { path, dataBase64: bytes.toString('base64') }, { repeats: true, signal })
  return bytes.length
}

async function sendInBlocks(run: TransferRun, upload: UploadedFile): Promise<void> {
  const { place } = upload
  const isSpecial = place.metadata?.isFile === false
  // A file may be written in a folder that may not.
  if (isSpecial || !(await new PartialUpload(run, upload).send())) await sendStraight(run, upload)
}

/** Without a file beside the target: nothing of it can be taken up. */
async function sendStraight({ calls, signal }: TransferRun, { file, place, count }: UploadedFile): Promise<void> {
  using writer = await FileWriter.open(calls, place.uri, signal)
  const buffer = Buffer.allocUnsafe(blockBytes)
  for (let offset = 0; ;) {
    const block = await readAt(file, buffer, offset)
    if (block.length === 0) break
    await writer.write(block)
    offset += block.length
    count.reach(offset)
  }
  await writer.end()
}
