import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import type { Metadata } from '../protocol/filesystem-schemas.ts'
import type { FileFacts } from '../libc/file-calls.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ReachedFiles } from './cached-files.ts'
import { systemError } from './errno.ts'
import { isRoot } from './native-path.ts'
import type { Territory } from './territory.ts'

/** The same as `readMetadata`, at once if that is possible. */
export function metadataOf(files: ReachedFiles, path: Buffer, followSymlinks: boolean): Metadata | Promise<Metadata> {
  const facts = files.cached.facts(files.territory, path, followSymlinks)
  if (facts === 'missing') throw systemError('ENOENT')
  return facts === undefined ? readMetadata(files.territory, path, followSymlinks) : described(facts, false)
}

/** The same as `canonicalPath`, at once if that is possible: a path that leads through no link stays as it is. */
export function canonicalPathOf(files: ReachedFiles, path: Buffer): Buffer | Promise<Buffer> {
  const facts = files.cached.facts(files.territory, path, false)
  if (facts === 'missing') throw systemError('ENOENT')
  return facts === undefined ? canonicalPath(files.territory, path) : path
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
  if (!own.isSymbolicLink()) return described(descriptionOf(own), false)
  if (!followSymlinks) throw containsLink()
  return described(descriptionOf(await territory.targetStats(path)), true)
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

/** What the long and the short way both tell. */
type Description = Pick<FileFacts, 'kind' | 'size' | 'createdAtMs' | 'modifiedAtMs'>

function descriptionOf(stats: BigIntStats): Description {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
    size: Number(stats.size),
    createdAtMs: Number(stats.birthtimeMs),
    modifiedAtMs: Number(stats.mtimeMs),
  }
}

function described({ kind, size, createdAtMs, modifiedAtMs }: Description, isSymlink: boolean): Metadata {
  return {
    isDirectory: kind === 'directory',
    isFile: kind === 'file',
    isSymlink,
    size,
    createdAtMs: sinceEpoch(createdAtMs),
    modifiedAtMs: sinceEpoch(modifiedAtMs),
  }
}

/** Times before 1970 are not told. */
function sinceEpoch(milliseconds: number): number {
  return Math.max(milliseconds, 0)
}
