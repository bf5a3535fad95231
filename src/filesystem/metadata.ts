import type { BigIntStats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import type { Metadata } from '../protocol/filesystem-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { isRoot } from './native-path.ts'
import { placeOf } from './place.ts'

/**
 * What is known about the entry at a path: whether that is a link, and everything else of what it leads to.
 * @throws when a link leads nowhere, or there is one that may not be followed
 */
export async function readMetadata(path: Buffer, followSymlinks: boolean): Promise<Metadata> {
  // The root is no link and there is none on the way to it.
  await using place = await placeOf(path, followSymlinks || isRoot(path))
  const own = await lstat(place.path, { bigint: true })
  if (!own.isSymbolicLink()) return described(own, false)
  if (!place.followsLinks) throw containsLink()
  return described(await stat(place.path, { bigint: true }), true)
}

/** The path without links, dot segments or doubled slashes. realpath(3) */
export function canonicalPath(path: Buffer): Promise<Buffer> {
  return realpath(path, { encoding: 'buffer' })
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

/** Times before 1970 are not told. */
function sinceEpoch(milliseconds: bigint): number {
  return milliseconds > 0n ? Number(milliseconds) : 0
}
