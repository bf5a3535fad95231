import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Files, GatewayError, type Metadata, type TransferOptions } from '../../client/execgate-client.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { ProgressBar } from '../progress-bar.ts'
import { type CopyRequest, type RemotePath, standardStream } from './copy-request.ts'
import { counted, showProgress } from './copy-progress.ts'

const slash = 0x2f

/** The standard streams of the caller. */
export interface CopyStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  /** Shows progress when it is a terminal. */
  readonly stderr: ConstructorParameters<typeof ProgressBar>[0]
}

/** What a copy goes by. */
export interface CopyMeans {
  readonly files: Files
  readonly streams: CopyStreams
  /** Where a copy between these two records how far it is; undefined where nothing can be recorded. */
  readonly journalOf: (here: Buffer, there: PathUri) => string | undefined
}

/**
 * Copies a file or a directory with what is in it. As with `docker cp`, what is copied into a directory that exists keeps its name
 * there, and otherwise takes the name of the destination.
 * @returns how many links, sockets and the like were left out
 * @throws GatewayError about what is there, an error of the system about what is here; what is copied by then stays
 */
export async function copy(request: CopyRequest, means: CopyMeans): Promise<number> {
  using bar = new ProgressBar(means.streams.stderr)
  return await (request.direction === 'up' ? upload(request, means, bar) : download(request, means, bar))
}

async function upload({ local, remote }: CopyRequest, means: CopyMeans, bar: ProgressBar): Promise<number> {
  const { files, streams } = means
  if (local === standardStream) {
    const target = Writable.fromWeb(files.writeStream(remote.uri.canonical))
    await pipeline(streams.stdin, source => counted(source, undefined, bar), target)
    return 0
  }
  const source = await stat(local)
  const target = await destinationThere(files, remote, local, source)
  const path = target.canonical
  if (await files.exists(path)) refuseSame(source, await files.stat(path), local)
  if (!source.isDirectory()) refuseUnlessFile(source.isFile(), local)
  const options = optionsOf(means, Buffer.from(resolve(local)), target, bar)
  const { leftOut } = source.isDirectory()
    ? await files.uploadDirectory(local, path, options)
    : await files.uploadFile(local, path, options)
  return leftOut
}

async function download({ local, remote }: CopyRequest, means: CopyMeans, bar: ProgressBar): Promise<number> {
  const { files, streams } = means
  const path = remote.uri.canonical
  const source = await files.stat(path)
  if (!source.isDirectory) refuseUnlessFile(source.isFile, path)
  if (local === standardStream) {
    if (source.isDirectory) throw new GatewayError('refused', 'a directory cannot be written to a standard stream')
    await pipeline(counted(files.readStream(path), source.size, bar), streams.stdout)
    return 0
  }
  const target = await destinationHere(local, remote, source.isDirectory)
  const replaced = await stat(target).catch(() => undefined)
  if (replaced !== undefined) refuseSame(replaced, source, String(target))
  const options = optionsOf(means, absolute(target), remote.uri, bar)
  const { leftOut } = source.isDirectory
    ? await files.downloadDirectory(path, target, options)
    : await files.downloadFile(path, target, options)
  return leftOut
}

function optionsOf({ journalOf }: CopyMeans, here: Buffer, there: PathUri, bar: ProgressBar): TransferOptions {
  const journal = journalOf(here, there)
  return { progress: progress => showProgress(bar, progress), ...(journal !== undefined && { journal }) }
}

function absolute(path: Buffer): Buffer {
  return path[0] === slash ? path : Buffer.concat([Buffer.from(`${resolve('.')}/`), path])
}

/** Where something from here goes there: into a directory that exists, under its name. `.` stands for what is in it. */
async function destinationThere(files: Files, remote: RemotePath, local: string, source: Stats): Promise<PathUri> {
  const path = remote.uri.canonical
  if ((await files.exists(path)) && (await files.stat(path)).isDirectory) {
    const name = basename(local) === '..' ? basename(resolve(local)) : basename(local)
    // `.` is the directory itself.
    return PathUri.fromNative(Buffer.concat([nativePath(remote.uri), Buffer.from(`/${name}`)]))
  }
  if (remote.isDirectory && !source.isDirectory()) throw noDirectory(path)
  return remote.uri
}

async function destinationHere(local: string, remote: RemotePath, isDirectory: boolean): Promise<Buffer> {
  const target = Buffer.from(local)
  const found = await stat(local).catch(() => undefined)
  if (found?.isDirectory() === true && !remote.isContents) {
    const path = nativePath(remote.uri)
    return Buffer.concat([target, path.subarray(path.lastIndexOf('/'))])
  }
  if (local.endsWith('/') && !isDirectory) throw noDirectory(local)
  return target
}

/** Copying a file onto itself, through a gateway of this machine, would empty it. */
function refuseSame(here: Stats, there: Metadata, path: string): void {
  const isSame =
    // Not every server knows when a file was created.
    [0, Math.trunc(here.birthtimeMs)].includes(there.createdAtMs) &&
    there.modifiedAtMs === Math.trunc(here.mtimeMs) &&
    (there.isDirectory || there.size === here.size)
  if (isSame) throw new GatewayError('refused', `${path} here and at the gateway are the same`)
}

function refuseUnlessFile(isFile: boolean, path: string): void {
  if (!isFile) throw new GatewayError('refused', `${path} is neither a file nor a directory`)
}

function noDirectory(path: string): GatewayError {
  return new GatewayError('notFound', `${path} is no directory`)
}

function nativePath(uri: PathUri): Buffer {
  const path = uri.toNative('linux')
  if (Buffer.isBuffer(path)) return path
  throw new GatewayError('invalidParams', path.problem)
}
