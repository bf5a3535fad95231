import { type BigIntStats, constants, ftruncate, write } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { OpenEntry, ReachedFiles } from './cached-files.ts'
import { shown } from './native-path.ts'
import type { Place } from './place.ts'

/**
 * Opening must not wait: for the other end of a FIFO, a device, or the holder of a lease. Nor does a terminal become the
 * one of the gateway. open(2)
 */
const unblocking = constants.O_NONBLOCK | constants.O_NOCTTY

/** Permissions of a new file, minus the umask. */
export const newFileMode = 0o666

/**
 * Opens a regular file for reading.
 * @throws when the path leads to anything else, which is not read from, not even looked into
 */
export async function openToRead({ cached }: ReachedFiles, place: Place): Promise<FileHandle> {
  await using opening = new AsyncDisposableStack()
  const file = opening.use(await open(place.path, readFlags(place)))
  if (!cached.isFile(file) && !(await file.stat()).isFile()) throw notAFile(place)
  opening.move()
  return file
}

/** The same, with all that is known about the file. */
export async function openWithStats(place: Place): Promise<{ readonly file: FileHandle; readonly stats: BigIntStats }> {
  await using opening = new AsyncDisposableStack()
  const file = opening.use(await open(place.path, readFlags(place)))
  const stats = await file.stat({ bigint: true })
  if (!stats.isFile()) throw notAFile(place)
  opening.move()
  return { file, stats }
}

/** Opens a regular file for writing: a new one, or one that is emptied and stays the same for its other names. */
export async function openToReplace({ cached }: ReachedFiles, place: Place): Promise<FileHandle> {
  await using opening = new AsyncDisposableStack()
  const file = opening.use(await openToWrite(place, newFileMode))
  if (!cached.isFile(file) && !(await file.stat()).isFile()) throw notAFile(place)
  await file.truncate()
  opening.move()
  return file
}

/**
 * Opens whatever the path leads to for writing and leaves its contents alone. A FIFO without a reader fails with ENXIO.
 * @param mode permissions of the file if it is a new one, minus the umask
 */
export function openToWrite(place: Pick<Place, 'path' | 'followsLinks'>, mode: number): Promise<FileHandle> {
  return open(place.path, constants.O_WRONLY | constants.O_CREAT | unblocking | linkFlag(place), mode)
}

/** Replaces the contents of the file at a path of a client, in place. */
export async function writeFile(
  files: ReachedFiles,
  path: Buffer,
  bytes: Buffer,
  followSymlinks: boolean,
): Promise<void> {
  using file = files.cached.openToWrite(files.territory, path, followSymlinks)
  if (file !== undefined) return await writeOver(file, bytes)
  await using place = await files.territory.place(path, { followSymlinks, end: 'target', changes: true })
  await writeWholeFile(files, place, bytes)
}

/**
 * The same as emptying the file and writing it, but that it is never seen empty, and that file systems need not be told to give
 * its blocks back first.
 */
async function writeOver(file: OpenEntry, bytes: Buffer): Promise<void> {
  let done = 0
  const cutOff = async () => {
    if ((file.size ?? Infinity) > done) await truncateAt(file.descriptor, done)
  }
  try {
    while (done < bytes.length) {
      const { bytesWritten } = await writeAt(file.descriptor, bytes, done, bytes.length - done, done)
      done += bytesWritten
    }
  } catch (error) {
    await cutOff().catch(() => undefined)
    throw error
  }
  await cutOff()
}

const writeAt = promisify(write)
const truncateAt = promisify(ftruncate)

/** Replaces the contents of a file in place, or hands the bytes to a device. */
async function writeWholeFile({ cached }: ReachedFiles, place: Place, bytes: Buffer): Promise<void> {
  const handle = await openToWrite(place, newFileMode)
  const local = cached.writtenHere(handle)
  if (local !== undefined) {
    using file = local
    return await writeOver(file, bytes)
  }
  await using file = handle
  const stats = await file.stat()
  // A pipe takes what its reader leaves room for, and nobody would wait for the rest.
  if (stats.isFIFO() || stats.isSocket() || (!stats.isFile() && !place.followsLinks)) throw notAFile(place)
  if (stats.isFile() && stats.size > 0) await file.truncate()
  // Where the file stands, which is its beginning: not every file of proc(5) takes a position.
  await writeAll(file, bytes, null)
}

/** write(2) until everything is written, from the position on; `null` writes where the file stands. */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(
      bytes,
      done,
      bytes.length - done,
      position === null ? null : position + done,
    )
    done += bytesWritten
  }
}

function readFlags(place: Pick<Place, 'followsLinks'>): number {
  return constants.O_RDONLY | unblocking | linkFlag(place)
}

function linkFlag({ followsLinks }: Pick<Place, 'followsLinks'>): number {
  return followsLinks ? 0 : constants.O_NOFOLLOW
}

export function notAFile({ asked, followsLinks }: Place): GatewayError {
  const text = followsLinks ? `path \`${shown(asked)}\` is not a file` : 'path is not a regular file'
  return new GatewayError('invalidRequest', text)
}
