import { mkdir, stat } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ReachedFiles } from './cached-files.ts'
import { isErrno, systemError } from './errno.ts'
import { namesOf, split } from './native-path.ts'
import { PinnedDirectory } from './pinned-directory.ts'

interface DirectoryOptions {
  /** Create missing parents, and accept a directory that is there already. */
  readonly recursive: boolean
  readonly followSymlinks: boolean
}

/** Creates a directory, mode 0777 minus the umask. */
export async function createDirectory(
  { territory, cached }: ReachedFiles,
  path: Buffer,
  { recursive, followSymlinks }: DirectoryOptions,
): Promise<void> {
  territory.refuseOutside(path)
  if (recursive && cached.isDirectory(territory, path, followSymlinks)) return
  if (recursive) return territory.createWithParents(path, followSymlinks)
  if (split(path) === undefined) throw rootExists(followSymlinks)
  await using place = await territory.place(path, { followSymlinks, end: 'link', changes: true })
  await mkdir(place.path)
}

function rootExists(followSymlinks: boolean): GatewayError {
  return followSymlinks ? systemError('EEXIST') : new GatewayError('refused', 'directory already exists')
}

/** Links to directories count as directories, on the way and at the end. */
export async function createWithParents(path: Buffer): Promise<void> {
  try {
    await createUnlessThere(path)
  } catch (error) {
    const above = split(path)
    if (above === undefined || !isErrno(error, 'ENOENT')) throw error
    await createWithParents(above.parent)
    await createUnlessThere(path)
  }
}

async function createUnlessThere(path: Buffer): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (!(await isDirectory(path))) throw error
  }
}

/** Each component is entered as soon as it exists, so that none can become a link unnoticed. */
export async function createWithoutLinks(path: Buffer, create = (missing: Buffer) => mkdir(missing)): Promise<void> {
  await using _directory = await PinnedDirectory.openWithoutLinks(namesOf(path), async missing => {
    try {
      await create(missing)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
  })
}

async function isDirectory(path: Buffer): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
