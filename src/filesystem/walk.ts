import { lstat } from 'node:fs/promises'
import type { WalkedTree, WalkOptions } from '../protocol/filesystem-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { PathUri } from '../protocol/path-uri.ts'
import { mapConcurrently } from './concurrently.ts'
import { type FoundName, type ListedEntry, lookAt, namesIn } from './directory-listing.ts'
import { translated } from './errno.ts'
import { maxWalkedNames, walkMaximums } from './filesystem-limits.ts'
import { canonicalPath, readMetadata } from './metadata.ts'
import { join } from './native-path.ts'
import { type Identity, isSame, PinnedDirectory } from './pinned-directory.ts'
import { SortedRuns } from './sorted-runs.ts'
import { WalkReport } from './walk-report.ts'

/** Entries that are looked at before the first of them is listed; others get their turn in between. */
const batch = 500
/** Directories that are being listed at the same time. */
const readAheadDirectories = 4
const dot = '.'.charCodeAt(0)

/** A directory that was found and is to be entered. */
interface FoundDirectory {
  readonly path: Buffer
  readonly uri: PathUri
  readonly depth: number
  /** What was found, where another one must not be entered instead. */
  readonly identity: Identity | undefined
}

/**
 * Lists what is below a directory: breadth first, names in the order of their bytes, within the bounds asked for. What cannot
 * be read is told beside what can. Without following, a directory that becomes a link meanwhile is not entered.
 * @throws when the root cannot be looked at
 */
export async function walkTree(
  root: { readonly path: Buffer; readonly uri: PathUri },
  options: WalkOptions,
  signal: AbortSignal,
): Promise<WalkedTree> {
  const { isDirectory, isSymlink } = await readMetadata(root.path, true)
  const walk = new Walk(options, signal)
  if (isDirectory && (options.followDirectorySymlinks || !isSymlink)) await walk.from(root)
  return walk.report
}

/** What is in a directory, which is held until that has been looked at. */
interface Listing {
  /** By the descriptor of the directory, where that is held. */
  readonly path: Buffer
  readonly names: SortedRuns<FoundName>
  readonly held: AsyncDisposable
}

type Listed = Listing | { readonly failure: unknown }

/** Lists the next directories while one is looked at: each takes several turns of the threads that make system calls. */
class ReadAhead implements AsyncDisposable {
  readonly #list: (directory: FoundDirectory) => Promise<Listing>
  readonly #begun = new Map<FoundDirectory, Promise<Listed>>()

  constructor(list: (directory: FoundDirectory) => Promise<Listing>) {
    this.#list = list
  }

  /** Begins with the directory at the index and those behind it. */
  begin(queue: readonly FoundDirectory[], index: number): void {
    for (const directory of queue.slice(index, index + readAheadDirectories)) {
      if (!this.#begun.has(directory)) {
        this.#begun.set(
          directory,
          this.#list(directory).catch((failure: unknown) => ({ failure })),
        )
      }
    }
  }

  /** Hands a listing over to whoever looks at it. */
  async take(directory: FoundDirectory): Promise<Listed> {
    const listed = await this.#begun.get(directory)
    this.#begun.delete(directory)
    return listed ?? { failure: new Error('the directory was not begun with') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listed of await Promise.all(this.#begun.values())) {
      if (!('failure' in listed)) await listed.held[Symbol.asyncDispose]()
    }
  }
}

/** The directory that was found, no other one and no link that took its place. */
async function pinned({ path, identity }: FoundDirectory): Promise<PinnedDirectory> {
  await using opening = new AsyncDisposableStack()
  const directory = opening.use(await PinnedDirectory.open(path))
  if (identity !== undefined && !isSame(identity, await directory.identity())) {
    throw new GatewayError('refused', 'the directory was replaced during the walk')
  }
  opening.move()
  return directory
}

/** @throws GatewayError when a walk may not have these bounds */
export function refuseBounds({ maxDepth, maxDirectories, maxEntries }: WalkOptions): void {
  if (maxDirectories === 0 || maxEntries === 0) {
    throw new GatewayError('invalidRequest', 'filesystem walk limits must be greater than zero')
  }
  const { depth, directories, entries } = walkMaximums
  if (maxDepth <= depth && maxDirectories <= directories && maxEntries <= entries) return
  const maximums = `depth=${depth}, directories=${directories}, entries=${entries}`
  throw new GatewayError('invalidRequest', `filesystem walk limits exceed maximums: ${maximums}`)
}

/** In the order of their bytes: that of UTF-8, which differs from that of JavaScript. */
function byName(one: FoundName, other: FoundName): number {
  return one.name.compare(other.name)
}

/** An entry of a directory that has been entered. */
interface Visit {
  readonly directory: FoundDirectory
  readonly entry: ListedEntry
  /** Of a directory that may be entered, or why it cannot. */
  readonly identity: Identity | Error | undefined
}

class Walk {
  readonly report = new WalkReport()
  readonly #options: WalkOptions
  readonly #signal: AbortSignal
  readonly #queue: FoundDirectory[] = []
  /** Real paths of the directories found, where links could lead to one twice. */
  readonly #visited = new Set<string>()
  #entryCount = 0
  #directoryCount = 1

  constructor(options: WalkOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  async from({ path, uri }: { readonly path: Buffer; readonly uri: PathUri }): Promise<void> {
    if (this.#options.followDirectorySymlinks) this.#visited.add((await canonicalPath(path)).toString('latin1'))
    this.#queue.push({ path, uri, depth: 0, identity: undefined })
    const ahead = new ReadAhead(directory => this.#list(directory))
    try {
      // Items that are added while it runs are iterated over too.
      for (const [index, directory] of this.#queue.entries()) {
        ahead.begin(this.#queue, index)
        if (!(await this.#enter(directory, await ahead.take(directory)))) return
      }
    } finally {
      await ahead[Symbol.asyncDispose]()
    }
  }

  /** @throws when it cannot be listed */
  async #list(directory: FoundDirectory): Promise<Listing> {
    await using held = new AsyncDisposableStack()
    const path = this.#options.followDirectorySymlinks ? directory.path : held.use(await pinned(directory)).at('.')
    const names = await SortedRuns.of(await namesIn(path, maxWalkedNames), byName)
    return { path, names, held: held.move() }
  }

  /** @returns false when the walk is over early */
  async #enter(directory: FoundDirectory, listed: Listed): Promise<boolean> {
    this.#signal.throwIfAborted()
    if ('failure' in listed) return this.#failed(directory.uri, listed.failure)
    await using _held = listed.held
    const { path, names } = listed
    for (let part = names.take(batch); part.length > 0; part = names.take(batch)) {
      this.#signal.throwIfAborted()
      const entries = await lookAt(path, part)
      const identities = await this.#identitiesOf(path, directory, entries)
      for (const entry of entries) {
        if (this.#entryCount === this.#options.maxEntries) return this.report.truncate()
        this.#entryCount += 1
        if (!(await this.#visit({ directory, entry, identity: identities.get(entry) }))) return false
      }
    }
    return true
  }

  /** Of the directories that may be entered, where no other one must be entered instead. */
  async #identitiesOf(
    path: Buffer,
    { depth }: FoundDirectory,
    entries: readonly ListedEntry[],
  ): Promise<ReadonlyMap<ListedEntry, Identity | Error>> {
    if (this.#options.followDirectorySymlinks || depth >= this.#options.maxDepth) return new Map()
    const directories = entries.filter(
      ({ isDirectory, isSymlink, name }) => isDirectory && !isSymlink && !this.#isPruned(name),
    )
    return new Map(
      await mapConcurrently(directories, async entry => {
        const identity = await lstat(join(path, entry.name), { bigint: true }).catch((error: unknown) => error as Error)
        return [entry, identity] as const
      }),
    )
  }

  async #visit({ directory, entry, identity }: Visit): Promise<boolean> {
    const { followDirectorySymlinks, maxDepth } = this.#options
    if (entry.isSymlink && !(followDirectorySymlinks && entry.isDirectory)) return true
    if (!entry.isDirectory && !entry.isFile) return true
    const uri = directory.uri.child(entry.name)
    if (!this.report.addEntry(uri.canonical, entry.isDirectory ? 'directory' : 'file')) return false
    if (!entry.isDirectory || directory.depth >= maxDepth || this.#isPruned(entry.name)) return true
    const found = { path: join(directory.path, entry.name), uri, depth: directory.depth + 1 }
    return followDirectorySymlinks ? this.#foundByLinks(found) : this.#found(found, identity)
  }

  #found(directory: Omit<FoundDirectory, 'identity'>, identity: Identity | Error | undefined): boolean {
    if (this.#isFull()) return true
    if (identity instanceof Error) return this.#failed(directory.uri, identity)
    this.#enqueue({ ...directory, identity })
    return true
  }

  async #foundByLinks(directory: Omit<FoundDirectory, 'identity'>): Promise<boolean> {
    try {
      const real = (await canonicalPath(directory.path)).toString('latin1')
      if (this.#visited.has(real) || this.#isFull()) return true
      this.#visited.add(real)
      this.#enqueue({ ...directory, identity: undefined })
      return true
    } catch (error) {
      return this.#failed(directory.uri, error)
    }
  }

  #enqueue(directory: FoundDirectory): void {
    this.#directoryCount += 1
    this.#queue.push(directory)
  }

  /** Beyond the bound directories are still listed, only not entered. */
  #isFull(): boolean {
    if (this.#directoryCount < this.#options.maxDirectories) return false
    this.report.truncate()
    return true
  }

  #isPruned(name: Buffer): boolean {
    return this.#options.pruneHiddenDirectories && name[0] === dot
  }

  #failed(uri: PathUri, thrown: unknown): boolean {
    const error = translated(thrown)
    if (!(error instanceof GatewayError)) throw error
    return this.report.addError(uri.canonical, error.message)
  }
}
