import type { BigIntStats } from 'node:fs'
import { lstat, opendir, stat } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { mapConcurrently } from './concurrently.ts'
import { maxDirectoryEntries } from './filesystem-limits.ts'
import { join } from './native-path.ts'

/** Read from the operating system at a time. */
export const directoryBatch = 1024

export interface ListedEntry {
  readonly name: Buffer
  readonly isSymlink: boolean
  /** Of what a link leads to. */
  readonly isDirectory: boolean
  readonly isFile: boolean
  /** Of what a link leads to. */
  readonly stats: BigIntStats
}

/**
 * The entries of a directory in no particular order. What a link leads to decides what an entry is; one that leads nowhere,
 * or that cannot be looked at, is left out.
 * @throws when there are more than 50,000: a part is never returned
 */
export async function listDirectory(path: Buffer, maxEntries = maxDirectoryEntries): Promise<ListedEntry[]> {
  return lookAt(path, await namesIn(path, maxEntries))
}

/** Looks at these entries of a directory, and leaves out those that cannot be looked at. */
export async function lookAt(directory: Buffer, names: readonly Buffer[]): Promise<ListedEntry[]> {
  const entries = await mapConcurrently(names, name => look(directory, name))
  return entries.filter(entry => entry !== undefined)
}

/** The names of all entries. @throws when there are more than that, however many are held meanwhile */
export async function namesIn(path: Buffer, maxEntries: number): Promise<Buffer[]> {
  const names: Buffer[] = []
  let count = 0
  await using directory = await openToList(path)
  for await (const { name } of directory) {
    count += 1
    if (count <= maxEntries) names.push(name)
  }
  if (count > maxEntries) {
    const text = `fs/readDirectory returned ${count} entries; limit is ${maxEntries}`
    throw GatewayError.limit('maxDirectoryEntries', maxEntries, text)
  }
  return names
}

/** A directory to read names from that may be any bytes. */
export interface NameStream extends AsyncDisposable {
  [Symbol.asyncIterator](): AsyncIterator<{ readonly name: Buffer; isDirectory(): boolean }>
}

export async function openToList(path: Buffer): Promise<NameStream> {
  // Node's types know names as text only; with this encoding they are bytes.
  const options = { encoding: 'buffer', bufferSize: directoryBatch } as unknown as { bufferSize: number }
  return (await opendir(path, options)) as unknown as NameStream
}

async function look(directory: Buffer, name: Buffer): Promise<ListedEntry | undefined> {
  const path = join(directory, name)
  try {
    const own = await lstat(path, { bigint: true })
    const isSymlink = own.isSymbolicLink()
    const stats = isSymlink ? await stat(path, { bigint: true }) : own
    return { name, isSymlink, isDirectory: stats.isDirectory(), isFile: stats.isFile(), stats }
  } catch {
    return undefined
  }
}
