import { rmdir, unlink } from 'node:fs/promises'
import type { Identity } from '../libc/file-calls.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { mapConcurrently } from './concurrently.ts'
import { openToList } from './directory-listing.ts'
import { isErrno } from './errno.ts'
import { isSame, PinnedDirectory } from './pinned-directory.ts'

/** Entries of a directory that are dealt with before it is listed on. */
const batch = 4096

/** A directory that is being emptied. */
interface Level {
  /** In the directory above. */
  readonly name: Buffer
  readonly identity: Identity
  /** Directories in it that were seen and are still to be removed. */
  directories: Buffer[]
  /** Whether nothing but these was left when it was listed. */
  isListed: boolean
}

/**
 * Removes a directory with everything in it. Every entry is removed from the directory it was found in, held by
 * descriptor, and no link is ever followed: whoever swaps a directory for a link meanwhile loses the link. One descriptor is
 * held however deep the tree is; the way back up is `..`, which has to be the directory it was entered from.
 */
export async function removeTree(path: Buffer, signal: AbortSignal): Promise<void> {
  try {
    await emptyTree(path, signal)
  } catch (error) {
    // It has become something else: an entry to remove.
    if (!isErrno(error, 'ENOTDIR')) throw error
    return unlink(path)
  }
  await rmdir(path)
}

async function emptyTree(path: Buffer, signal: AbortSignal): Promise<void> {
  let here = await PinnedDirectory.open(path)
  try {
    const levels: Level[] = [await sweptLevel(here, Buffer.alloc(0))]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      signal.throwIfAborted()
      const name = level.directories.pop()
      if (name !== undefined) {
        const below = await enter(here, name)
        if (below === undefined) continue
        await here[Symbol.asyncDispose]()
        here = below
        levels.push(await sweptLevel(here, name))
      } else if (!level.isListed) {
        Object.assign(level, await sweep(here))
      } else {
        levels.pop()
        const above = levels.at(-1)
        if (above === undefined) return
        here = await leave(here, above.identity)
        await ignoringAbsence(rmdir(here.at(level.name)))
      }
    }
  } finally {
    await here[Symbol.asyncDispose]()
  }
}

async function sweptLevel(directory: PinnedDirectory, name: Buffer): Promise<Level> {
  return { name, identity: await directory.identity(), ...(await sweep(directory)) }
}

/** Removes everything but directories. */
async function sweep(directory: PinnedDirectory): Promise<Pick<Level, 'directories' | 'isListed'>> {
  const names: Buffer[] = []
  const directories: Buffer[] = []
  let isListed = true
  {
    await using listing = await openToList(directory.at('.'))
    for await (const entry of listing) {
      ;(entry.isDirectory() ? directories : names).push(entry.name)
      isListed = names.length + directories.length < batch
      if (!isListed) break
    }
  }
  const found = await mapConcurrently(names, async name => ((await removeFile(directory, name)) ? undefined : name))
  return { directories: [...directories, ...found.filter(name => name !== undefined)], isListed }
}

/** @returns false when it is a directory, which not every file system tells with the name */
async function removeFile(directory: PinnedDirectory, name: Buffer): Promise<boolean> {
  try {
    await ignoringAbsence(unlink(directory.at(name)))
    return true
  } catch (error) {
    if (isErrno(error, 'EISDIR')) return false
    throw error
  }
}

/** @returns undefined when it is no directory any more, and removed as what it is now */
async function enter(here: PinnedDirectory, name: Buffer): Promise<PinnedDirectory | undefined> {
  try {
    return await PinnedDirectory.open(here.at(name))
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) await ignoringAbsence(unlink(here.at(name)))
    else if (!isErrno(error, 'ENOENT')) throw error
    return undefined
  }
}

async function leave(here: PinnedDirectory, expected: Identity): Promise<PinnedDirectory> {
  await using leaving = new AsyncDisposableStack()
  const above = leaving.use(await PinnedDirectory.open(here.at('..')))
  if (!isSame(expected, await above.identity())) {
    throw new GatewayError('refused', 'a directory was moved while it was being removed')
  }
  leaving.move()
  await here[Symbol.asyncDispose]()
  return above
}

/** Somebody else was faster. */
async function ignoringAbsence(removal: Promise<void>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
