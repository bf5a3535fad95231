import { open, stat } from 'node:fs/promises'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { FileReader } from '../file-reader.ts'
import { localIdentity, remoteIdentity } from './identity.ts'
import { writeAt } from './local-file.ts'
import { type DownloadedFile, PartialDownload } from './partial-download.ts'
import { smallBytes, type TransferRun } from './transfer-run.ts'

/** A file and where it goes; `source` is a `file:` URL. */
export interface DownloadTask {
  readonly source: string
  /** An absolute path. */
  readonly target: Buffer
}

/** Puts a file of the server in its place here, unless an earlier run of the same transfer has. */
export async function downloadFile(run: TransferRun, { source, target }: DownloadTask): Promise<void> {
  const { calls, journal, signal } = run
  const metadata = await calls.call('fs/getMetadata', { path: source }, { repeats: true, signal })
  if (!metadata.isFile) throw new GatewayError('refused', `${source} is no file`)
  const identity = remoteIdentity(metadata)
  const name = PathUri.fromNative(target).canonical
  const count = run.count.begin(metadata.size)
  const existing = await stat(target, { bigint: true }).catch(() => undefined)
  if (existing !== undefined && journal?.resultOf(name, identity) === localIdentity(existing)) {
    count.keep(metadata.size)
    count.finish()
    return
  }
  const download: DownloadedFile = { source, target, name, metadata, identity, existing, count }
  const isSpecial = existing?.isFile() === false
  if (metadata.size <= smallBytes || isSpecial) await receiveStraight(run, download)
  else await receiveInParts(run, download)
  if (journal !== undefined && !isSpecial) {
    await journal.finish(name, identity, localIdentity(await stat(target, { bigint: true })))
  }
  count.finish()
}

async function receiveInParts(run: TransferRun, download: DownloadedFile): Promise<void> {
  const partial = await PartialDownload.open(run, download)
  // Such as a file that may be written in a folder that may not.
  if (partial === undefined) return await receiveStraight(run, download)
  await using receiving = partial
  await receiving.receive()
}

async function receiveStraight({ calls, signal }: TransferRun, download: DownloadedFile): Promise<void> {
  const { source: path, target, metadata, existing, count } = download
  using reader = await FileReader.open({ calls, path, metadata, signal })
  // A small file is read before its target is emptied: reading may fail, and the two may be the same file.
  const first: Buffer[] = []
  let ahead = await reader.next()
  for (let bytes = 0; ahead !== undefined && bytes < smallBytes; ahead = await reader.next()) {
    first.push(ahead)
    bytes += ahead.length
  }
  await using file = await open(target, 'w')
  // What is no file has no positions.
  const isFile = existing?.isFile() !== false
  let offset = 0
  const take = async (block: Buffer) => {
    if (isFile) await writeAt(file, block, offset)
    else await file.writeFile(block)
    offset += block.length
    count.reach(offset)
  }
  for (const block of first) await take(block)
  for (; ahead !== undefined; ahead = await reader.next()) await take(ahead)
}
