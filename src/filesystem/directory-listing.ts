import type { Stats } from 'node:fs'
import { lstat, opendir, readdir } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ReachedFiles } from './cached-files.ts'
import { mapConcurrently } from './concurrently.ts'
import { maxDirectoryEntries } from './filesystem-limits.ts'
import { join } from './native-path.ts'

/** Read from the operating system at a time. */
const directoryBatch = 1024

/** A name as the directory tells it. What a link leads to takes a look; so does everything that is neither file nor directory. */
export interface FoundName {
  /** One byte in each character: text as cheap as it gets, whatever the bytes. */
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
}

export interface ListedEntry {
  /** One byte in each character. */
  readonly name: string
  readonly isSymlink: boolean
  /** Of what a link leads to. */
  readonly isDirectory: boolean
  readonly isFile: boolean
}

/**
 * The entries of a directory in no particular order. What a link leads to decides what an entry is; one that leads nowhere,
 * or that cannot be looked at, is left out.
 * @throws when there are more than 50,000: a part is never returned
 */
export async function listDirectory(
  { territory, cached }: ReachedFiles,
  path: Buffer,
  maxEntries = maxDirectoryEntries,
): Promise<ListedEntry[]> {
  const isSmall = cached.isSmallDirectory(territory, path)
  await using directory = await territory.directory(path)
  const names = await namesIn(directory.path, maxEntries, isSmall)
  return await lookAt(directory.path, names, name => territory.targetStats(join(path, bytesOf(name))))
}

/** Looks at these entries of a directory, and leaves out those that cannot be looked at. */
export async function lookAt(
  directory: Buffer,
  names: readonly FoundName[],
  targetStats: TargetStats,
): Promise<ListedEntry[]> {
  const others = names.filter(({ kind }) => kind === 'other')
  if (others.length === 0) return names.map(listed)
  const entries = await mapConcurrently(names, name => look(directory, name, targetStats))
  return entries.filter(entry => entry !== undefined)
}

/**
 * The names of all entries.
 * @param isSmall there are few: they are read in one step and not a part at a time, which takes four
 * @throws when there are more than that, however many are held meanwhile
 */
export async function namesIn(path: Buffer, maxEntries: number, isSmall: boolean): Promise<FoundName[]> {
  const names: FoundName[] = []
  let count = 0
  const take = (name: FoundName) => {
    count += 1
    if (count <= maxEntries) names.push(name)
  }
  try {
    if (isSmall) for (const entry of await allEntries(path)) take(foundName(entry))
    else await forEachEntry(path, take)
  } catch (error) {
    if (!isOfUntypedEntries(error)) throw error
    names.length = count = 0
    for (const name of await readdir(path, 'latin1')) take({ name, kind: 'other' })
  }
  if (count > maxEntries) {
    const text = `fs/readDirectory returned ${count} entries; limit is ${maxEntries}`
    throw GatewayError.limit('maxDirectoryEntries', maxEntries, text)
  }
  return names
}

/**
 * Some file systems, of networks and old ones, do not tell what an entry is. Node.js looks itself then, and does not know how to put names
 * of one encoding behind a path of bytes.
 */
function isOfUntypedEntries(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_ARG_TYPE'
}

function allEntries(path: Buffer): Promise<readonly NamedEntry<string>[]> {
  return readdir(path, { encoding: 'latin1', withFileTypes: true })
}

/** Tells what the link of that name leads to. */
export type TargetStats = (name: string) => Promise<Pick<Stats, 'isDirectory' | 'isFile'>>

interface NamedEntry<Name> {
  readonly name: Name
  isFile(): boolean
  isDirectory(): boolean
}

/** A directory to read names from that may be any bytes. */
export interface NameStream<Name = Buffer> extends AsyncDisposable {
  [Symbol.asyncIterator](): AsyncIterator<NamedEntry<Name>>
  read(callback: (error: Error | null, entry: NamedEntry<Name> | null) => void): void
}

async function forEachEntry(path: Buffer, take: (name: FoundName) => void): Promise<void> {
  await using directory = await open<string>(path, 'latin1')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Iterating takes several promises for each entry, this takes none.
  const read = () => {
    directory.read((error, entry) => {
      if (error !== null) return reject(error)
      if (entry === null) return resolve()
      take(foundName(entry))
      read()
    })
  }
  read()
  await promise
}

export function openToList(path: Buffer): Promise<NameStream> {
  return open(path, 'buffer')
}

async function open<Name>(path: Buffer, encoding: 'buffer' | 'latin1'): Promise<NameStream<Name>> {
  // Node's types know names as text only; with one of these encodings they are bytes.
  const options = { encoding, bufferSize: directoryBatch } as unknown as { bufferSize: number }
  return (await opendir(path, options)) as unknown as NameStream<Name>
}

/** The bytes of a name with one in each character. */
export function bytesOf(name: string): Buffer {
  return Buffer.from(name, 'latin1')
}

function foundName(entry: NamedEntry<string>): FoundName {
  const { name } = entry
  if (entry.isFile()) return { name, kind: 'file' }
  return { name, kind: entry.isDirectory() ? 'directory' : 'other' }
}

function listed({ name, kind }: FoundName): ListedEntry {
  return { name, isSymlink: false, isDirectory: kind === 'directory', isFile: kind === 'file' }
}

async function look(directory: Buffer, found: FoundName, targetStats: TargetStats): Promise<ListedEntry | undefined> {
  if (found.kind !== 'other') return listed(found)
  const { name } = found
  const path = join(directory, bytesOf(name))
  try {
    const own = await lstat(path)
    const isSymlink = own.isSymbolicLink()
    const stats = isSymlink ? await targetStats(name) : own
    return { name, isSymlink, isDirectory: stats.isDirectory(), isFile: stats.isFile() }
  } catch {
    return undefined
  }
}
