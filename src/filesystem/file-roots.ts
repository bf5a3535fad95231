import type { BigIntStats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { isErrno, readOnly, systemError } from './errno.ts'
import type { FileOption } from './filesystem-metrics.ts'
import { isRoot, isWithin, namesOf, pathOf } from './native-path.ts'
import { createWithoutLinks } from './new-directory.ts'
import { PinnedDirectory } from './pinned-directory.ts'
import { type HeldPlace, placeOf } from './place.ts'
import type { Approach, HeldDirectory, Territory } from './territory.ts'

/** Links on one way, as Linux has it. path_resolution(7) */
const maxLinks = 40

/** Tells clients, and the metrics, whose doing it is. */
const data = { option: 'fileRoots' satisfies FileOption }

/** A directory that the methods for files may touch. */
export interface FileRoot {
  /** Real, without links. */
  readonly path: Buffer
  readonly isReadOnly: boolean
}

/**
 * The directories an operator lets the methods for files touch. Links are resolved here, one component after the other, each
 * in a directory that is held by descriptor, and never beyond a root; what is left is a path without links, on which the
 * operation itself follows none. Whoever swaps a component for a link meanwhile makes the operation fail.
 */
export class FileRoots implements Territory {
  /** The innermost first: it decides about what is in several. */
  readonly #roots: readonly FileRoot[]

  constructor(roots: readonly FileRoot[]) {
    this.#roots = roots.toSorted((one, other) => other.path.length - one.path.length)
  }

  reaches(path: Buffer): boolean {
    return this.#rootOf(path) !== undefined
  }

  mayChange(path: Buffer): boolean {
    return this.#rootOf(path)?.isReadOnly === false
  }

  refuseOutside(path: Buffer): void {
    if (!this.reaches(path)) throw outside()
  }

  refuseBeginning(path: Buffer): void {
    if (this.#roots.some(root => isWithin(root.path, path))) {
      throw new GatewayError(
        'invalidRequest',
        'a directory that file-roots or read-only-file-roots names cannot be removed',
        { data },
      )
    }
  }

  /** A path without links that is named inside is inside. */
  links(path: Buffer): 'refused' | 'elsewhere' {
    return this.reaches(path) ? 'refused' : 'elsewhere'
  }

  async place(path: Buffer, { followSymlinks, end, changes, removes }: Approach): Promise<HeldPlace> {
    this.refuseOutside(path)
    const real = followSymlinks ? await this.#resolve(path, end) : path
    if (removes === true) this.refuseBeginning(real)
    if (changes && !this.mayChange(real)) throw readOnly('readOnlyFileRoots')
    return followSymlinks && isRoot(real) ? top : placeOf(real, false)
  }

  real(path: Buffer): Promise<Buffer> {
    return this.#resolve(path, 'target')
  }

  async directory(path: Buffer): Promise<HeldDirectory> {
    const pinned = await PinnedDirectory.openWithoutLinks(namesOf(await this.real(path)))
    return { path: pinned.at('.'), [Symbol.asyncDispose]: () => pinned[Symbol.asyncDispose]() }
  }

  async pin(path: Buffer): Promise<PinnedDirectory> {
    return PinnedDirectory.openWithoutLinks(namesOf(await this.#resolve(path, 'link')))
  }

  async targetStats(path: Buffer): Promise<BigIntStats> {
    const real = await this.real(path)
    await using place = isRoot(real) ? top : await placeOf(real, false)
    return await lstat(place.path, { bigint: true })
  }

  async createWithParents(path: Buffer, followSymlinks: boolean): Promise<void> {
    const real = followSymlinks ? await this.real(path) : path
    if (this.mayChange(real)) return createWithoutLinks(real)
    // What is there already need not be created.
    await createWithoutLinks(real, () => Promise.reject(readOnly('readOnlyFileRoots')))
  }

  /** @param end what a link at the end stands for */
  async #resolve(path: Buffer, end: Approach['end']): Promise<Buffer> {
    let { done, ahead } = this.#enter(path)
    let links = 0
    await using held = new Held()
    while (ahead.length > 0) {
      const [name = dot, ...after] = ahead
      ahead = after
      if (name.equals(dots)) {
        done = done.slice(0, -1)
        this.refuseOutside(pathOf(done))
        await held.release()
      } else if (name.length > 0 && !name.equals(dot)) {
        if (after.length === 0 && end === 'link') return pathOf([...done, name])
        const link = await linkAt((await held.hold(done)).at(name))
        if (link === 'missing') {
          if (after.some(next => next.equals(dots))) throw systemError('ENOENT')
          return pathOf([...done, name, ...after.filter(next => next.length > 0 && !next.equals(dot))])
        }
        if (link === undefined) {
          done = [...done, name]
          if (after.length > 0) await held.enter(name)
          continue
        }
        links += 1
        if (links > maxLinks) throw systemError('ELOOP')
        if (link[0] === slash) {
          const entered = this.#enter(link)
          done = entered.done
          ahead = [...entered.ahead, ...after]
          await held.release()
        } else ahead = [...componentsOf(link), ...after]
      }
    }
    return pathOf(done)
  }

  /** A path as the root it begins with and what follows: nothing outside is ever looked at. */
  #enter(path: Buffer): { done: Buffer[]; ahead: Buffer[] } {
    const names = namesOf(path).filter(name => name.length > 0 && !name.equals(dot))
    for (const root of this.#roots) {
      const own = namesOf(root.path)
      if (own.every((name, index) => names[index]?.equals(name) === true)) {
        return { done: own, ahead: names.slice(own.length) }
      }
    }
    throw outside()
  }

  #rootOf(path: Buffer): FileRoot | undefined {
    return this.#roots.find(root => isWithin(path, root.path))
  }
}

/** The root of the file system, which no directory holds. */
const top: HeldPlace = {
  path: pathOf([]),
  asked: pathOf([]),
  followsLinks: false,
  [Symbol.asyncDispose]: async () => {},
}

const dot = Buffer.from('.')
const dots = Buffer.from('..')
const slash = 0x2f

/** The directory a resolution has come to. */
class Held implements AsyncDisposable {
  #directory: PinnedDirectory | undefined

  /** @param names the way to it, taken when nothing is held */
  async hold(names: readonly Buffer[]): Promise<PinnedDirectory> {
    this.#directory ??= await PinnedDirectory.openWithoutLinks(names)
    return this.#directory
  }

  /** Goes on to a directory in it; fails with ENOTDIR where that has become a link. */
  async enter(name: Buffer): Promise<void> {
    const below = this.#directory && (await PinnedDirectory.open(this.#directory.at(name)))
    await this.release()
    this.#directory = below
  }

  async release(): Promise<void> {
    const directory = this.#directory
    this.#directory = undefined
    await directory?.[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }
}

/** What the link says; undefined for anything else that is there. */
async function linkAt(path: Buffer): Promise<Buffer | 'missing' | undefined> {
  try {
    return await readlink(path, { encoding: 'buffer' })
  } catch (error) {
    if (isErrno(error, 'EINVAL')) return undefined
    if (isErrno(error, 'ENOENT')) return 'missing'
    throw error
  }
}

/** Of a path that need be neither absolute nor normalised. */
function componentsOf(path: Buffer): Buffer[] {
  return namesOf(Buffer.concat([Buffer.from('/'), path]))
}

function outside(): GatewayError {
  return new GatewayError(
    'invalidRequest',
    'the path leads out of the directories that file-roots and read-only-file-roots name',
    { data },
  )
}
