import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { orAborted } from '../deadline.ts'
import type { FileCalls } from '../file-handle.ts'
import { walkDefaults } from '../walk-limits.ts'
import { eachAtOnce } from './each-at-once.ts'

/** Entries of a tree that are copied at once; a walk of the server has the same bound. */
const maxEntries = 50_000

const slash = Buffer.from('/')

/** What is in a tree; names as bytes, below its root, parents before what is in them. */
export interface TreeListing {
  readonly directories: readonly Buffer[]
  readonly files: readonly Buffer[]
  /** Links, sockets and the like, which are left out. */
  readonly leftOut: number
}

/** A tree of this machine. */
export async function listHere(root: Buffer, signal: AbortSignal | undefined): Promise<TreeListing> {
  const directories: Buffer[] = []
  const files: Buffer[] = []
  let leftOut = 0
  const take = (entry: Dirent<Buffer>, name: Buffer) => {
    if (entry.isDirectory()) directories.push(name)
    else if (entry.isFile()) files.push(name)
    else leftOut += 1
    if (directories.length + files.length > maxEntries) throw tooLarge()
  }
  const list = async (path: Buffer) => {
    signal?.throwIfAborted()
    return orAborted(readdir(path, { withFileTypes: true, encoding: 'buffer' }), signal)
  }
  for (const entry of await list(root)) take(entry, entry.name)
  // Grows while it is gone through.
  for (const directory of directories) {
    for (const entry of await list(below(root, directory))) take(entry, below(directory, entry.name))
  }
  return { directories, files, leftOut }
}

interface ListingOptions {
  /** Directories that are looked at at the same time. */
  readonly width: number
  readonly signal: AbortSignal | undefined
}

/** A tree of the server. */
export async function listThere(
  calls: Pick<FileCalls, 'call'>,
  root: PathUri,
  { width, signal }: ListingOptions,
): Promise<TreeListing> {
  const params = { path: root.canonical, options: walkDefaults }
  const { entries, errors, truncated } = await calls.call('fs/walk', params, { repeats: true, signal })
  const [error] = errors
  if (error !== undefined) throw new GatewayError('refused', `${error.path}: ${error.message}`)
  const named = entries.map(({ path, kind }) => ({ kind, name: nameBelow(root, path) }))
  const namesOf = (wanted: string) => named.filter(({ kind }) => kind === wanted).map(({ name }) => name)
  const directories = namesOf('directory')
  // What is too deep is listed, and not looked into.
  if (truncated || directories.some(isTooDeep)) throw tooLarge()
  const listed = [root.canonical, ...directories.map(name => uriBelow(root, name).canonical)]
  // A walk leaves links out; the list of a directory has those that lead somewhere.
  let count = 0
  await eachAtOnce(listed, { width, signal }, async (path, either) => {
    const there = await calls.call('fs/readDirectory', { path }, { repeats: true, signal: either })
    count += there.entries.length
  })
  return { directories, files: namesOf('file'), leftOut: Math.max(0, count - entries.length) }
}

/** The path of a name within a folder. */
export function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, slash, name])
}

/** A name within a folder of the server. */
export function uriBelow(root: PathUri, name: Buffer): PathUri {
  return PathUri.fromNative(below(nativePath(root), name))
}

export function nativePath(uri: PathUri): Buffer {
  const path = uri.toNative('linux')
  if (Buffer.isBuffer(path)) return path
  throw new GatewayError('invalidParams', path.problem)
}

/** A server has no say in where files go here: what is not below the root is refused. */
function nameBelow(root: PathUri, path: string): Buffer {
  const uri = PathUri.parse(path)
  const [folder, native] = [nativePath(root), uri instanceof PathUri ? uri.toNative('linux') : uri]
  const start = folder.equals(slash) ? folder : Buffer.concat([folder, slash])
  if (Buffer.isBuffer(native) && native.subarray(0, start.length).equals(start)) {
    const name = native.subarray(start.length)
    const parts = name.toString('latin1').split('/')
    if (!parts.some(part => ['', '.', '..'].includes(part))) return name
  }
  throw new GatewayError('protocolViolation', `the server lists ${path}, which is not below ${root.canonical}`)
}

function isTooDeep(name: Buffer): boolean {
  return name.toString('latin1').split('/').length > walkDefaults.maxDepth
}

function tooLarge(): GatewayError {
  const message = `the tree is larger than can be copied at once: ${maxEntries} entries, 10,000 directories, 64 levels`
  return GatewayError.limit('maxEntries', maxEntries, message)
}
