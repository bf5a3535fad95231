import { type FSWatcher, watch } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { PathUri } from '../protocol/path-uri.ts'
import type { ChangedPaths } from './changed-paths.ts'
import { openToList } from './directory-listing.ts'
import { isErrno } from './errno.ts'
import type { EventBursts } from './event-bursts.ts'
import { maxTreeDirectories } from './filesystem-limits.ts'
import { isWithin, join, split } from './native-path.ts'
import { isSilent } from './silent-file-systems.ts'
import type { Territory } from './territory.ts'
import { itself } from './watched-directories.ts'

/** A directory as it is found. */
interface TreePlace {
  readonly path: Buffer
  readonly uri: PathUri
}

interface WatchedDirectory extends TreePlace {
  readonly watcher: FSWatcher
}

export interface TreeWatchOptions {
  readonly territory: Territory
  readonly bursts: EventBursts
  readonly changes: ChangedPaths
  /** Released when the watch is over. */
  readonly guard: Disposable
  readonly maxDirectories?: number
}

/**
 * Watches a directory and every directory below, those that appear later included, also in the place of the first; no link is followed. A change may be told
 * more than once; what the bounds leave out is told as an overflow. inotify(7)
 */
export class TreeWatch implements Disposable {
  readonly #directories = new Map<string, WatchedDirectory>()
  /** Sees the root come and go. */
  #above: FSWatcher | undefined
  /** What has appeared and may be a directory. */
  readonly #appeared = new Map<string, TreePlace>()
  readonly #root: TreePlace
  readonly #territory: Territory
  readonly #bursts: EventBursts
  readonly #changes: ChangedPaths
  readonly #guard: Disposable
  readonly #losses: Disposable
  readonly #maxDirectories: number
  /** Times that events may have been lost since the tree was last watched anew. */
  #lossCount = 0
  #isEntering = false
  #isOver = false

  private constructor(root: TreePlace, { territory, bursts, changes, guard, maxDirectories }: TreeWatchOptions) {
    this.#root = root
    this.#territory = territory
    this.#bursts = bursts
    this.#losses = bursts.whenLost(() => void this.#watchAnew())
    this.#changes = changes
    this.#guard = guard
    this.#maxDirectories = maxDirectories ?? maxTreeDirectories
  }

  /**
   * Watches the tree from when this resolves, and tells of some changes before.
   * @throws when the root is no directory or cannot be watched, or too much is below
   */
  static async start(root: TreePlace, options: TreeWatchOptions): Promise<TreeWatch> {
    using starting = new DisposableStack()
    const tree = starting.use(new TreeWatch(root, options))
    await tree.#watchDirectory(root)
    await tree.#watchAbove()
    if (await isSilent(root.path)) {
      throw new GatewayError('refused', 'the file system of this directory does not tell of changes')
    }
    if (!(await tree.#watchBelow(root, false))) {
      const text = `there are more than ${tree.#maxDirectories} directories; watch a part of them`
      throw GatewayError.limit('maxTreeDirectories', tree.#maxDirectories, text)
    }
    starting.move()
    return tree
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#losses[Symbol.dispose]()
    this.#above?.close()
    for (const { watcher } of this.#directories.values()) watcher.close()
    this.#directories.clear()
    this.#changes[Symbol.dispose]()
    this.#guard[Symbol.dispose]()
  }

  /**
   * Watches each directory before it looks into it, so that nothing falls in between.
   * @param isNew whether somebody may have looked before it was watched
   * @returns false when there are too many
   */
  async #watchBelow(top: TreePlace, isNew: boolean): Promise<boolean> {
    const queue = [top]
    // Directories that are found while it runs are iterated over too.
    for (const directory of queue) {
      if (this.#isOver) return true
      try {
        const names = await this.#watchDirectory(directory)
        if (names === undefined) return false
        for (const { name, isDirectory } of names) {
          const uri = directory.uri.child(name)
          if (isNew) this.#changes.add(uri.canonical)
          if (isDirectory) queue.push({ path: join(directory.path, name), uri })
        }
      } catch (error) {
        // It is gone, or something else, or nobody may look into it.
        if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error
      }
    }
    return true
  }

  /** @returns what is in it; undefined when there may be no more */
  async #watchDirectory(directory: TreePlace): Promise<{ name: Buffer; isDirectory: boolean }[] | undefined> {
    await using pinned = await this.#territory.pin(directory.path)
    const key = directory.path.toString('latin1')
    if (this.#isOver) return []
    if (!this.#directories.has(key)) {
      if (this.#directories.size >= this.#maxDirectories) return undefined
      const watcher = watch(pinned.at(itself), { encoding: 'buffer', persistent: false }, (type, name) => {
        this.#bursts.happened()
        this.#take(directory, name ?? itself, type === 'rename')
      })
      watcher.on('error', () => {
        this.#changes.overflow()
      })
      this.#directories.set(key, { ...directory, watcher })
    }
    const names: { name: Buffer; isDirectory: boolean }[] = []
    await using listing = await openToList(pinned.at(itself))
    for await (const entry of listing) names.push({ name: entry.name, isDirectory: entry.isDirectory() })
    return names
  }

  /** What is above the root need not be readable, nor for clients; then it is watched as long as it is there. */
  async #watchAbove(): Promise<void> {
    const entry = split(this.#root.path)
    if (entry === undefined || !this.#territory.reaches(entry.parent)) return
    try {
      await using above = await this.#territory.directory(entry.parent)
      const path = join(above.path, itself)
      this.#above = watch(path, { encoding: 'buffer', persistent: false }, (type, name) => {
        this.#bursts.happened()
        if (!this.#isOver && name?.equals(entry.name) === true) this.#takeEntry(this.#root, type === 'rename')
      })
      this.#above.on('error', () => {
        this.#changes.overflow()
      })
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EACCES')) throw error
    }
  }

  #take(directory: TreePlace, name: Buffer, isReplaced: boolean): void {
    if (this.#isOver) return
    if (name.equals(itself)) return this.#changes.add(directory.uri.canonical)
    this.#takeEntry({ path: join(directory.path, name), uri: directory.uri.child(name) }, isReplaced)
  }

  #takeEntry(entry: TreePlace, isReplaced: boolean): void {
    this.#changes.add(entry.uri.canonical)
    if (!isReplaced) return
    this.#forget(entry.path)
    if (this.#appeared.size >= this.#maxDirectories) return this.#changes.overflow()
    this.#appeared.set(entry.path.toString('latin1'), entry)
    if (!this.#isEntering) void this.#enterAppeared()
  }

  /** One after the other, however many appear at a time. */
  async #enterAppeared(): Promise<void> {
    this.#isEntering = true
    for (const [key, entry] of this.#appeared) {
      this.#appeared.delete(key)
      if (this.#isOver) break
      try {
        const isDirectory = (await lstat(entry.path)).isDirectory()
        if (isDirectory && !(await this.#watchBelow(entry, true))) this.#changes.overflow()
      } catch (error) {
        if (!isErrno(error, 'ENOENT', 'ENOTDIR')) this.#changes.overflow()
      }
    }
    this.#isEntering = false
  }

  /** What appeared or went unseen: it is found again, and then the client has to look too. */
  async #watchAnew(): Promise<void> {
    this.#lossCount += 1
    if (this.#lossCount > 1) return
    for (let seen = 0; seen !== this.#lossCount && !this.#isOver;) {
      seen = this.#lossCount
      this.#forget(this.#root.path)
      // As far as it goes: whoever looks again sees what is not watched.
      await this.#watchBelow(this.#root, false).catch(() => {})
      this.#changes.overflow()
    }
    this.#lossCount = 0
  }

  /** What was watched under that name is somewhere else now, or nowhere. */
  #forget(path: Buffer): void {
    if (!this.#directories.has(path.toString('latin1'))) return
    for (const [key, directory] of this.#directories) {
      if (!isWithin(directory.path, path)) continue
      directory.watcher.close()
      this.#directories.delete(key)
    }
  }
}
