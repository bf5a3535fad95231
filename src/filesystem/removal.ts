import type { Stats } from 'node:fs'
import { lstat, rmdir, unlink } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ReachedFiles } from './cached-files.ts'
import { isErrno, systemError } from './errno.ts'
import { containsLink } from './metadata.ts'
import { isRoot } from './native-path.ts'
import { removeTree } from './tree-removal.ts'

interface RemovalOptions {
  /** Directories with everything in them. */
  readonly recursive: boolean
  /** What is not there counts as removed. */
  readonly force: boolean
  readonly followSymlinks: boolean
  /** Aborted when it must not go on. */
  readonly signal: AbortSignal
}

/** Removes the entry at a path. A link is removed itself, never what it leads to. */
export async function removeEntry(
  files: ReachedFiles,
  path: Buffer,
  { recursive, force, followSymlinks, signal }: RemovalOptions,
): Promise<void> {
  if (!followSymlinks && recursive) throw new GatewayError('refused', 'recursive no-follow removal is unsupported')
  const { territory } = files
  try {
    territory.refuseOutside(path)
    territory.refuseBeginning(path)
    await using place = await territory.place(path, { followSymlinks, end: 'link', changes: true, removes: true })
    const known = files.cached.facts(territory, path, followSymlinks)
    if (known === 'missing') return refuseMissing(force)
    const kind = known?.kind ?? kindOf(await lstat(place.path))
    signal.throwIfAborted()
    if (kind === 'link' && !followSymlinks) throw containsLink()
    if (kind !== 'directory') await unlink(place.path)
    else if (recursive) await removeDirectory(place.path, signal)
    else await rmdir(place.path)
  } catch (error) {
    if (!force || !isErrno(error, 'ENOENT')) throw error
  }
}

function refuseMissing(isForced: boolean): void {
  if (!isForced) throw systemError('ENOENT')
}

function kindOf(stats: Stats): 'directory' | 'link' | 'other' {
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'link' : 'other'
}

async function removeDirectory(path: Buffer, signal: AbortSignal): Promise<void> {
  // It cannot be removed, so nothing in it is.
  if (isRoot(path)) throw systemError('EBUSY')
  await removeTree(path, signal)
}
