import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import type { Metadata } from '../protocol/filesystem-schemas.ts'
import type { FileFacts } from '../libc/file-calls.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { CachedFiles } from './cached-files.ts'
import { isRoot } from './native-path.ts'
import type { Territory } from './territory.ts'

/** What files of a client are reached by. */
export interface ReachedFiles {
  readonly territory: Territory
  readonly cached: CachedFiles
}

/** The same as `readMetadata`, at once if that is possible. */
export async function metadataOf(files: ReachedFiles, path: Buffer, followSymlinks: boolean): Promise<Metadata> {
  const facts = files.cached.facts(files.territory, path, followSymlinks)
  return facts === undefined ? await readMetadata(files.territory, path, followSymlinks) : describedByFacts(facts)
}

/**
 * What is known about the entry at a path: whether that is a link, and everything else of what it leads to.
 * @throws when a link leads nowhere, or there is one that may not be followed
 */
export async function readMetadata(territory: Territory, path: Buffer, followSymlinks: boolean): Promise<Metadata> {
  // The root is no link and there is none on the way to it.
  const approach = { followSymlinks: followSymlinks || isRoot(path), end: 'link', changes: false } as const
  await using place = await territory.place(path, approach)
  const own = await lstat(place.path, { bigint: true })
  if (!own.isSymbolicLink()) return described(own, false)
  if (!followSymlinks) throw containsLink()
  return described(await territory.targetStats(path), true)
}

/**
 * The path without links, dot segments or doubled slashes. realpath(3)
 * @throws when nothing is there
 */
export async function canonicalPath(territory: Territory, path: Buffer): Promise<Buffer> {
  const real = await territory.real(path)
  await territory.targetStats(real)
  return real
}

export function containsLink(): GatewayError {
  return new GatewayError('invalidRequest', 'path contains a symbolic link')
}

function described(stats: BigIntStats, isSymlink: boolean): Metadata {
  return {
    isDirectory: stats.isDirectory(),
    isFile: stats.isFile(),
    isSymlink,
    size: Number(stats.size),
    createdAtMs: sinceEpoch(stats.birthtimeMs),
    modifiedAtMs: sinceEpoch(stats.mtimeMs),
  }
}

function describedByFacts({ kind, size, createdAtMs, modifiedAtMs }: FileFacts): Metadata {
  return {
    isDirectory: kind === 'directory',
    isFile: kind === 'file',
    isSymlink: false,
    size,
    createdAtMs: Math.max(createdAtMs, 0),
    modifiedAtMs: Math.max(modifiedAtMs, 0),
  }
}

/** Times before 1970 are not told. */
function sinceEpoch(milliseconds: bigint): number {
  return milliseconds > 0n ? Number(milliseconds) : 0
}
