import { lstat, readlink, stat, symlink } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { mapConcurrently } from './concurrently.ts'
import { openToList } from './directory-listing.ts'
import { isErrno } from './errno.ts'
import { copyFile } from './file-copy.ts'
import { canonicalPath } from './metadata.ts'
import { isWithin, join, split } from './native-path.ts'
import { createWithParents } from './new-directory.ts'
import { type Identity, PinnedDirectory } from './pinned-directory.ts'

/** Names of a directory that are held at a time. */
const batch = 256

/** A directory and where its entries go. */
interface DirectoryCopy {
  readonly source: Buffer
  readonly destination: Buffer
}

/**
 * Copies what is at a path: a file with its permissions over what is at the destination, a link as the link it is, a
 * directory with everything in it into what is there already. The first failure ends it and leaves a partial copy.
 */
export async function copyEntry(source: Buffer, destination: Buffer, recursive: boolean): Promise<void> {
  const stats = await lstat(source)
  if (stats.isSymbolicLink()) return copyLink(source, destination)
  if (stats.isFile()) return copyFile(source, destination)
  if (!stats.isDirectory()) {
    throw new GatewayError('invalidRequest', 'fs/copy only supports regular files, directories, and symlinks')
  }
  if (!recursive) {
    throw new GatewayError('invalidRequest', 'fs/copy requires recursive: true when sourcePath is a directory')
  }
  if (isWithin(await resolved(destination), await canonicalPath(source))) throw intoItself()
  await copyTree({ source, destination })
}

async function copyTree(root: DirectoryCopy): Promise<void> {
  const queue = [root]
  const written = new Set<string>()
  // Directories that are found while it runs are iterated over too.
  for (const directory of queue) {
    await createWithParents(directory.destination)
    written.add(keyOf(await stat(directory.destination, { bigint: true })))
    await using from = await PinnedDirectory.open(directory.source)
    // Links in the destination may lead back: without end, what has been written would be copied.
    if (written.has(keyOf(await from.identity()))) throw intoItself()
    queue.push(...(await copyEntries(from, directory)))
  }
}

/** Copies everything but directories, and returns those. */
async function copyEntries(from: PinnedDirectory, { source, destination }: DirectoryCopy): Promise<DirectoryCopy[]> {
  const directories: DirectoryCopy[] = []
  const copyOne = async (name: Buffer) => {
    const entry = from.at(name)
    const target = join(destination, name)
    const stats = await lstat(entry)
    if (stats.isDirectory()) directories.push({ source: join(source, name), destination: target })
    else if (stats.isSymbolicLink()) await copyLink(entry, target)
    else if (stats.isFile()) await copyFile(entry, target)
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

async function copyLink(source: Buffer, destination: Buffer): Promise<void> {
  await symlink(await readlink(source, { encoding: 'buffer' }), destination)
}

/** The path without links, as far as it exists. */
async function resolved(path: Buffer): Promise<Buffer> {
  try {
    return await canonicalPath(path)
  } catch (error) {
    const entry = split(path)
    if (entry === undefined || !isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error
    return join(await resolved(entry.parent), entry.name)
  }
}

function keyOf({ dev, ino }: Identity): string {
  return `${dev} ${ino}`
}

function intoItself(): GatewayError {
  return new GatewayError('invalidRequest', 'fs/copy cannot copy a directory to itself or one of its descendants')
}
