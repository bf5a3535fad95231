import { createReadStream, createWriteStream, type Stats } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import { type Files, GatewayError, type Metadata } from '../../client/execgate-client.ts'
import type { PathUri } from '../../protocol/path-uri.ts'
import { ProgressBar } from '../progress-bar.ts'
import { CopiedBytes } from './copied-bytes.ts'
import { type CopyRequest, type RemotePath, standardStream } from './copy-request.ts'
import { below, listHere, listThere, nativePath, type TreeListing, uriBelow } from './tree-listing.ts'

/** Files up to here are sent at once. */
const smallBytes = 8 * 1024 * 1024

/** The standard streams of the caller. */
export interface CopyStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  /** Shows progress when it is a terminal. */
  readonly stderr: ConstructorParameters<typeof ProgressBar>[0]
}

/** How a copy went. */
export interface Copied {
  /** Links, sockets and the like that were left out, as far as it is known. */
  readonly leftOut: number
}

/**
 * Copies a file or a directory with what is in it. As with `docker cp`, what is copied into a directory that exists keeps its name
 * there, and otherwise takes the name of the destination.
 * @throws GatewayError about what is there, an error of the system about what is here; what is copied by then stays
 */
export async function copy(request: CopyRequest, files: Files, streams: CopyStreams): Promise<Copied> {
  using bar = new ProgressBar(streams.stderr)
  return request.direction === 'up' ? upload(request, files, streams, bar) : download(request, files, streams, bar)
}

async function upload(
  { local, remote }: CopyRequest,
  files: Files,
  { stdin }: CopyStreams,
  bar: ProgressBar,
): Promise<Copied> {
  if (local === standardStream) {
    await send(stdin, 0, remote.uri, files, new CopiedBytes(bar, 1))
    return { leftOut: 0 }
  }
  const source = await stat(local)
  const target = await destinationThere(files, remote, local, source)
  if (await files.exists(target.canonical)) refuseSame(source, await files.stat(target.canonical), local)
  if (!source.isDirectory()) {
    refuseUnlessFile(source.isFile(), local)
    await sendFile(Buffer.from(local), source.size, target, files, new CopiedBytes(bar, 1))
    return { leftOut: 0 }
  }
  const root = Buffer.from(local)
  const tree = await listHere(root)
  await files.makeDirectory(target.canonical)
  for (const name of tree.directories) await files.makeDirectory(uriBelow(target, name).canonical)
  const copied = new CopiedBytes(bar, tree.files.length)
  for (const name of tree.files) {
    const path = below(root, name)
    const { size } = await stat(path)
    await sendFile(path, size, uriBelow(target, name), files, copied)
  }
  return { leftOut: leftOutOf(tree) }
}

async function download(
  { local, remote }: CopyRequest,
  files: Files,
  { stdout }: CopyStreams,
  bar: ProgressBar,
): Promise<Copied> {
  const source = await files.stat(remote.uri.canonical)
  if (!source.isDirectory) refuseUnlessFile(source.isFile, remote.uri.canonical)
  if (local === standardStream) {
    if (source.isDirectory) throw new GatewayError('refused', 'a directory cannot be written to a standard stream')
    await receive(files, remote.uri, stdout, source.size, new CopiedBytes(bar, 1))
    return { leftOut: 0 }
  }
  const target = await destinationHere(local, remote, source.isDirectory)
  const replaced = await stat(target).catch(() => undefined)
  if (replaced !== undefined) refuseSame(replaced, source, String(target))
  if (source.isFile) {
    await receive(files, remote.uri, createWriteStream(target), source.size, new CopiedBytes(bar, 1))
    return { leftOut: 0 }
  }
  const tree = await listThere(files, remote.uri)
  await mkdir(target, { recursive: true })
  for (const name of tree.directories) await mkdir(below(target, name), { recursive: true })
  const copied = new CopiedBytes(bar, tree.files.length)
  for (const name of tree.files) {
    await receive(files, uriBelow(remote.uri, name), createWriteStream(below(target, name)), 0, copied)
  }
  return { leftOut: leftOutOf(tree) }
}

/** A small file takes one request, and servers that do not take blocks have it too. */
async function sendFile(path: Buffer, size: number, to: PathUri, files: Files, copied: CopiedBytes): Promise<void> {
  if (size > smallBytes) return send(createReadStream(path), size, to, files, copied)
  for await (const bytes of copied.counted([await readFile(path)], size)) await files.write(to.canonical, bytes)
}

async function send(source: Readable, size: number, to: PathUri, files: Files, copied: CopiedBytes): Promise<void> {
  await ReadableStream.from(copied.counted(source, size)).pipeTo(files.writeStream(to.canonical))
}

async function receive(files: Files, from: PathUri, sink: Writable, size: number, copied: CopiedBytes): Promise<void> {
  await pipeline(copied.counted(files.readStream(from.canonical), size), sink)
}

/** Where something from here goes there: into a directory that exists, under its name. `.` stands for what is in it. */
async function destinationThere(files: Files, remote: RemotePath, local: string, source: Stats): Promise<PathUri> {
  const path = remote.uri.canonical
  if ((await files.exists(path)) && (await files.stat(path)).isDirectory) {
    const name = basename(local) === '..' ? basename(resolve(local)) : basename(local)
    return uriBelow(remote.uri, Buffer.from(name))
  }
  if (remote.isDirectory && !source.isDirectory()) throw noDirectory(path)
  return remote.uri
}

async function destinationHere(local: string, remote: RemotePath, isDirectory: boolean): Promise<Buffer> {
  const target = Buffer.from(local)
  const found = await stat(local).catch(() => undefined)
  if (found?.isDirectory() === true) {
    const path = nativePath(remote.uri)
    return below(target, path.subarray(path.lastIndexOf('/') + 1))
  }
  if (local.endsWith('/') && !isDirectory) throw noDirectory(local)
  return target
}

function leftOutOf({ leftOut = 0 }: TreeListing): number {
  return leftOut
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
