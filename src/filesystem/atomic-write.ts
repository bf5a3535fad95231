import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { access, type FileHandle, lstat, open, realpath, rename, unlink } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { isErrno, systemError } from './errno.ts'
import { join, split } from './native-path.ts'
import type { Place } from './place.ts'
import { newFileMode, notAFile, writeAll } from './regular-file.ts'

/**
 * Replaces a file by another one of the same permissions: whoever reads sees the old contents or the new ones, after a crash
 * too. Other names of the file keep the old contents. Until it is done the new ones are beside it under a name that begins
 * with `.execgate-`.
 * @throws when a link at the path leads nowhere, or the path leads to anything but a file that may be written
 */
export async function writeAtomically(place: Place, bytes: Buffer): Promise<void> {
  const { path, stats } = await targetOf(place)
  const entry = split(path)
  if (entry === undefined) throw systemError('EISDIR')
  const temporary = join(entry.parent, Buffer.from(`.execgate-${randomUUID()}`))
  try {
    await writeNew(temporary, bytes, stats)
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(entry.parent)
}

/** Makes sure of the new name. Whoever may not read the directory, or a file system without the notion, does as well as it goes. */
async function syncDirectory(path: Buffer): Promise<void> {
  try {
    await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    await directory.sync()
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EINVAL')) throw error
  }
}

/** The file to replace, without links, or the path of a new one. */
async function targetOf(place: Place): Promise<{ readonly path: Buffer; readonly stats: Stats | undefined }> {
  try {
    const path = place.followsLinks ? await realpath(place.path, { encoding: 'buffer' }) : place.path
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) throw systemError('ELOOP')
    if (stats.isDirectory()) throw systemError('EISDIR')
    if (!stats.isFile()) throw notAFile(place)
    await access(path, constants.W_OK)
    return { path, stats }
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    await refuseDanglingLink(place.path)
    return { path: place.path, stats: undefined }
  }
}

/** Replacing the link would leave what it is meant to lead to missing. */
async function refuseDanglingLink(path: Buffer): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return
  throw new GatewayError(
    'invalidRequest',
    'the path is a link that leads nowhere; write without atomic to create its target',
  )
}

async function writeNew(path: Buffer, bytes: Buffer, replaced: Stats | undefined): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants
  await using file = await open(path, O_WRONLY | O_CREAT | O_EXCL, replaced === undefined ? newFileMode : 0o600)
  if (replaced !== undefined) await takeAfter(file, replaced)
  await writeAll(file, bytes, 0)
  await file.sync()
}

/** Owner and permissions of the file that is replaced. Only some may give a file away; then it is the writer's. */
async function takeAfter(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  try {
    await file.chown(uid, gid)
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error
  }
  await file.chmod(mode & 0o7777)
}
