import { lstat } from 'node:fs/promises'
import { isErrno } from './errno.ts'
import { maxWatchedDirectories, maxWatchedPaths } from './filesystem-limits.ts'
import { isRoot, join, split } from './native-path.ts'
import { isSilent } from './silent-file-systems.ts'

/** An entry that exists. */
export interface PresentEntry {
  readonly path: Buffer
  readonly isDirectory: boolean
  /** What makes it the one it is: reading it or linking it elsewhere changes nothing, nor do entries of a directory. */
  readonly print: string
}

/** What has to be watched to see that none of some paths appears and that another one stays as it is. */
export interface WatchPlan {
  /** Existing directories on the way, from the root down, each with the names in it that matter. */
  readonly directories: readonly Buffer[]
  /** Names that matter, by directory. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
  /** What has to stay, as it is now. */
  readonly present: PresentEntry | undefined
}

/**
 * Looks at the paths and everything above them.
 * @returns undefined when they are not as they should be, too many, or where nothing can be watched
 */
export async function planWatch(
  missing: readonly Buffer[],
  present: Buffer | undefined,
): Promise<WatchPlan | undefined> {
  if (missing.length === 0 || missing.length > maxWatchedPaths) return undefined
  const paths = present === undefined ? missing : [...missing, present]
  if (paths.some(isRoot) || directoriesAbove(paths).size > maxWatchedDirectories) return undefined
  const names = new Map<string, Set<string>>()
  const directories = new Map<string, Buffer>()
  for (const path of missing) {
    const firstMissing = await descend(path, directories, names)
    if (firstMissing === undefined) return undefined
  }
  const stays = present === undefined ? undefined : await lookAtPresent(present, directories, names)
  if (present !== undefined && stays === undefined) return undefined
  for (const directory of directories.values()) {
    if (await isSilent(directory)) return undefined
  }
  return {
    directories: [...directories.values()].toSorted((one, other) => one.length - other.length),
    names,
    present: stays,
  }
}

/** Looks at an entry; undefined for a link. @throws when it does not exist */
export async function presentEntry(path: Buffer): Promise<PresentEntry | undefined> {
  const stats = await lstat(path, { bigint: true })
  if (stats.isSymbolicLink()) return undefined
  const { dev, ino, mode, uid, gid, size, mtimeNs } = stats
  const isDirectory = stats.isDirectory()
  return { path, isDirectory, print: [dev, ino, mode, uid, gid, ...(isDirectory ? [] : [size, mtimeNs])].join(' ') }
}

/** Whether both are about the same directories and the same entry. */
export function isSamePlan(one: WatchPlan, other: WatchPlan): boolean {
  const isSameWay = one.directories.every((directory, index) => other.directories[index]?.equals(directory) === true)
  return isSameWay && one.directories.length === other.directories.length && one.present?.print === other.present?.print
}

/**
 * Notes the directories above a path as far as they exist, with the name of the next step.
 * @returns the first component that is missing; undefined when the path exists or leads through anything but directories
 */
async function descend(
  path: Buffer,
  directories: Map<string, Buffer>,
  names: Map<string, Set<string>>,
): Promise<Buffer | undefined> {
  for (const { parent, name } of stepsTo(path)) {
    const step = join(parent, name)
    const key = parent.toString('latin1')
    directories.set(key, parent)
    names.set(key, (names.get(key) ?? new Set()).add(name.toString('latin1')))
    try {
      if (!(await lstat(step)).isDirectory()) return undefined
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return step
      throw error
    }
  }
  return undefined
}

async function lookAtPresent(
  path: Buffer,
  directories: Map<string, Buffer>,
  names: Map<string, Set<string>>,
): Promise<PresentEntry | undefined> {
  if ((await descend(path, directories, names)) !== undefined) return undefined
  const isReached = stepsTo(path).every(({ parent }) => directories.has(parent.toString('latin1')))
  return isReached ? presentEntry(path) : undefined
}

/** Each directory on the way from the root with the name of the next step. */
function stepsTo(path: Buffer): { readonly parent: Buffer; readonly name: Buffer }[] {
  const steps: { parent: Buffer; name: Buffer }[] = []
  for (let entry = split(path); entry !== undefined; entry = split(entry.parent)) steps.unshift(entry)
  return steps
}

function directoriesAbove(paths: readonly Buffer[]): Set<string> {
  return new Set(paths.flatMap(path => stepsTo(path).map(({ parent }) => parent.toString('latin1'))))
}
