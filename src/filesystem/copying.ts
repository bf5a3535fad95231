import { lstat, readlink, symlink } from 'node:fs/promises'
import type { Identity } from '../libc/file-calls.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { mapConcurrently } from './concurrently.ts'
import { openToList } from './directory-listing.ts'
import { isErrno } from './errno.ts'
import { copyFile } from './file-copy.ts'
import { canonicalPath } from './metadata.ts'
import { isWithin, join, split } from './native-path.ts'
import { isSame, type PinnedDirectory } from './pinned-directory.ts'
import type { Territory } from './territory.ts'

/** Names of a directory that are held at a time. */
const batch = 256

/** Where things are copied, and for how long. */
export interface CopyBounds {
  readonly territory: Territory
  /** Aborted when it must not go on. */
  readonly signal: AbortSignal
}

/** A directory and where its entries go. */
interface DirectoryCopy {
  readonly source: Buffer
  readonly destination: Buffer
  /** What was found at the source, where another directory must not be copied instead. */
  readonly identity?: Identity
}

/**
 * Copies what is at a path: a file with its permissions over what is at the destination, a link as the link it is, a
 * directory with everything in it into what is there already. The first failure ends it and leaves a partial copy.
 */
export async function copyEntry(
  within: CopyBounds,
  { source, destination, recursive }: DirectoryCopy & { readonly recursive: boolean },
): Promise<void> {
  const { territory } = within
  territory.refuseOutside(destination)
  await using from = await territory.place(source, { followSymlinks: true, end: 'link', changes: false })
  const stats = await lstat(from.path)
  within.signal.throwIfAborted()
  if (stats.isSymbolicLink()) return await copyLink(territory, from.path, destination)
  if (stats.isFile()) return await copyContentsTo(within, from.path, destination)
  if (!stats.isDirectory()) {
    throw new GatewayError('invalidRequest', 'fs/copy only supports regular files, directories, and symlinks')
  }
  if (!recursive) {
    throw new GatewayError('invalidRequest', 'fs/copy requires recursive: true when sourcePath is a directory')
  }
  if (isWithin(await resolved(territory, destination), await canonicalPath(territory, source))) throw intoItself()
  await copyTree(within, { source, destination })
}

async function copyTree(within: CopyBounds, root: DirectoryCopy): Promise<void> {
  const { territory } = within
  const queue = [root]
  const written = new Set<string>()
  // Directories that are found while it runs are iterated over too.
  for (const directory of queue) {
    await territory.createWithParents(directory.destination, true)
    written.add(keyOf(await territory.targetStats(directory.destination)))
    await using from = await territory.pin(directory.source)
    const identity = await from.identity()
    if (directory.identity !== undefined && !isSame(directory.identity, identity)) {
      throw new GatewayError('refused', 'a directory was replaced while it was being copied')
    }
    // Links in the destination may lead back: without end, what has been written would be copied.
    if (written.has(keyOf(identity))) throw intoItself()
    queue.push(...(await copyEntries(within, from, directory)))
  }
}

/** Copies everything but directories, and returns those. */
async function copyEntries(
  within: CopyBounds,
  from: PinnedDirectory,
  { source, destination }: DirectoryCopy,
): Promise<DirectoryCopy[]> {
  const { territory, signal } = within
  const directories: DirectoryCopy[] = []
  const copyOne = async (name: Buffer) => {
    signal.throwIfAborted()
    const entry = from.at(name)
    const target = join(destination, name)
    const stats = await lstat(entry, { bigint: true })
    if (stats.isDirectory()) {
      directories.push({
        source: join(source, name),
        destination: target,
        identity: { dev: stats.dev, ino: stats.ino },
      })
    } else if (stats.isSymbolicLink()) await copyLink(territory, entry, target)
    else if (stats.isFile()) await copyContentsTo(within, entry, target)
  }
  await using listing = await openToList(from.at('.'))
  let names: Buffer[] = []
  for await (const { name } of listing) {
    names.push(name)
    if (names.length < batch) continue
    await mapConcurrently(names, copyOne)
    names = []
  }
  await mapConcurrently(names, copyOne)
  return directories
}

async function copyContentsTo({ territory, signal }: CopyBounds, source: Buffer, destination: Buffer): Promise<void> {
  await using place = await territory.place(destination, { followSymlinks: true, end: 'target', changes: true })
  await copyFile(source, place, signal)
}

async function copyLink(territory: Territory, source: Buffer, destination: Buffer): Promise<void> {
  await using place = await territory.place(destination, { followSymlinks: true, end: 'link', changes: true })
  await symlink(await readlink(source, { encoding: 'buffer' }), place.path)
}

/** The path without links, as far as it exists. */
async function resolved(territory: Territory, path: Buffer): Promise<Buffer> {
  try {
    return await canonicalPath(territory, path)
  } catch (error) {
    const entry = split(path)
    if (entry === undefined || !isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error
    return join(await resolved(territory, entry.parent), entry.name)
  }
}

function keyOf({ dev, ino }: Identity): string {
  return `${dev} ${ino}`
}

function intoItself(): GatewayError {
  return new GatewayError('invalidRequest', 'fs/copy cannot copy a directory to itself or one of its descendants')
}
