import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import type { RepeatedCalls } from '../file-handle.ts'
import { downloadFile } from './download-file.ts'
import { eachAtOnce } from './each-at-once.ts'
import { TransferCount } from './transfer-count.ts'
import { TransferJournal } from './transfer-journal.ts'
import type { LocalPath, Transferred, TransferOptions } from './transfer-options.ts'
import type { TransferRun } from './transfer-run.ts'
import { below, listHere, listThere, uriBelow } from './tree-listing.ts'
import { uploadFile } from './upload-file.ts'

const defaultConcurrency = 4
const maxConcurrency = 64

const slash = 0x2f

export interface Transfer {
  readonly calls: RepeatedCalls
  readonly canWriteBlocks: boolean
  readonly direction: 'up' | 'down'
  readonly local: LocalPath
  /** A `file:` URL. */
  readonly remote: string
  readonly options: TransferOptions
}

/** A file here and at the server. */
interface Place {
  readonly local: Buffer
  readonly remote: string
}

/** Copies one file. */
export async function transferFile(transfer: Transfer): Promise<Transferred> {
  const local = localBytes(transfer.local)
  return copyAll(transfer, [{ local, remote: transfer.remote }], 0)
}

/** Copies what is in a directory into another one, which is created if need be. */
export async function transferDirectory(transfer: Transfer): Promise<Transferred> {
  const { direction, calls, options } = transfer
  const { signal } = options
  const local = localBytes(transfer.local)
  const remote = parsedUri(transfer.remote)
  signal?.throwIfAborted()
  const width = widthOf(options)
  const tree = direction === 'up' ? await listHere(local, signal) : await listThere(calls, remote, { width, signal })
  const placeOf = (name: Buffer): Place => ({ local: below(local, name), remote: uriBelow(remote, name).canonical })
  const directories = [{ local, remote: remote.canonical }, ...tree.directories.map(placeOf)]
  await eachAtOnce(directories, { width, signal }, async (place, either) => {
    const params = { path: place.remote, recursive: true }
    if (direction === 'down') await mkdir(place.local, { recursive: true })
    else await calls.call('fs/createDirectory', params, { repeats: true, signal: either })
  })
  return copyAll(transfer, tree.files.map(placeOf), tree.leftOut)
}

async function copyAll(transfer: Transfer, places: readonly Place[], leftOut: number): Promise<Transferred> {
  const { calls, canWriteBlocks, direction, options } = transfer
  const { signal } = options
  const width = widthOf(options)
  const title = [direction, PathUri.fromNative(localBytes(transfer.local)), transfer.remote].join(' ')
  await using journal = options.journal === undefined ? undefined : await TransferJournal.open(options.journal, title)
  const count = new TransferCount(places.length, options.progress)
  await eachAtOnce(places, { width, signal }, async ({ local, remote }, either) => {
    const run: TransferRun = { calls, canWriteBlocks, journal, count, signal: either }
    if (direction === 'up') await uploadFile(run, { source: local, target: remote })
    else await downloadFile(run, { source: remote, target: local })
  })
  await journal?.remove()
  return count.result(leftOut)
}

function widthOf({ concurrency = defaultConcurrency }: TransferOptions): number {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= maxConcurrency) return concurrency
  const message = `concurrency is ${concurrency}: it has to be a whole number from 1 to ${maxConcurrency}`
  throw new GatewayError('invalidParams', message)
}

/** Absolute, so that it means the same in the journal wherever the next run is made. */
function localBytes(path: LocalPath): Buffer {
  if (path instanceof URL) return localBytes(fileURLToPath(path))
  if (typeof path === 'string') return Buffer.from(resolve(path))
  if (path[0] === slash) return path
  return Buffer.concat([Buffer.from(`${resolve('.')}/`), path])
}

function parsedUri(uri: string): PathUri {
  const parsed = PathUri.parse(uri)
  if (parsed instanceof PathUri) return parsed
  throw new GatewayError('invalidParams', parsed.problem)
}
