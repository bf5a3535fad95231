import { lstat } from 'node:fs/promises'
import type { Identity } from '../libc/file-calls.ts'
import type { WalkedTree, WalkOptions } from '../protocol/filesystem-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { PathUri } from '../protocol/path-uri.ts'
import { bytesOf, type FoundName, type ListedEntry, lookAt, namesIn } from './directory-listing.ts'
import type { ReachedFiles } from './cached-files.ts'
import { translated } from './errno.ts'
import { maxWalkedNames, walkMaximums } from './filesystem-limits.ts'
import { canonicalPath, metadataOf } from './metadata.ts'
import { join } from './native-path.ts'
import { isSame, type PinnedDirectory } from './pinned-directory.ts'
import { ReadAhead } from './read-ahead.ts'
import { SortedRuns } from './sorted-runs.ts'
import type { Territory } from './territory.ts'
import { WalkReport } from './walk-report.ts'

/** Entries that are looked at before the first of them is listed; others get their turn in between. */
const batch = 500

const dot = Buffer.from('.')

/** Directories that are listed while the one before them is reported, and names each may have for that. */
const directoriesAhead = 4
const maxNamesAhead = 4096

/** What is in a directory, in order, and where it is looked up until this is disposed. */
interface Listing extends AsyncDisposable {
  readonly path: Buffer
  /** By which it is held, unless links are followed. */
  readonly held: PinnedDirectory | undefined
  readonly names: SortedRuns<FoundName>
}

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
  files: ReachedFiles,
  root: { readonly path: Buffer; readonly uri: PathUri },
  options: WalkOptions,
  signal: AbortSignal,
): Promise<WalkedTree> {
  const { isDirectory, isSymlink } = await metadataOf(files, root.path, true)
  const walk = new Walk(files, options, signal)
  if (isDirectory && (options.followDirectorySymlinks || !isSymlink)) await walk.from(root)
  return walk.report
}

/** The directory that was found, no other one and no link that took its place. */
async function pinned(
  { territory, cached }: ReachedFiles,
  { path, identity }: FoundDirectory,
): Promise<PinnedDirectory> {
  await using opening = new AsyncDisposableStack()
  const directory = opening.use(cached.directory(territory, path) ?? (await territory.pin(path)))
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
  if (one.name === other.name) return 0
  return one.name < other.name ? -1 : 1
}

/** An entry of a directory that has been entered. */
interface Visit {
  readonly directory: FoundDirectory
  readonly listing: Listing
  readonly entry: ListedEntry
}

class Walk {
  readonly report = new WalkReport()
  readonly #files: ReachedFiles
  readonly #territory: Territory
  readonly #options: WalkOptions
  readonly #signal: AbortSignal
  readonly #queue: FoundDirectory[] = []
  /** Real paths of the directories found, where links could lead to one twice. */
  readonly #visited = new Set<string>()
  #entryCount = 0
  #directoryCount = 1

  constructor(files: ReachedFiles, options: WalkOptions, signal: AbortSignal) {
    this.#files = files
    this.#territory = files.territory
    this.#options = options
    this.#signal = signal
  }

  async from({ path, uri }: { readonly path: Buffer; readonly uri: PathUri }): Promise<void> {
    if (this.#options.followDirectorySymlinks)
      this.#visited.add((await canonicalPath(this.#territory, path)).toString('latin1'))
    this.#queue.push({ path, uri, depth: 0, identity: undefined })
    await using ahead = new ReadAhead<FoundDirectory, Listing>(directory => this.#list(directory, maxNamesAhead))
    // Items that are added while it runs are iterated over too.
    for (const [index, directory] of this.#queue.entries()) {
      ahead.begin(this.#queue.slice(index, index + 1 + directoriesAhead))
      if (!(await this.#enter(directory, await ahead.take(directory)))) return
    }
  }

  /** @returns false when the walk is over early */
  async #enter(directory: FoundDirectory, listedAhead: Listing | undefined): Promise<boolean> {
    await using listed = new AsyncDisposableStack()
    if (listedAhead !== undefined) listed.use(listedAhead)
    this.#signal.throwIfAborted()
    let listing: Listing
    try {
      listing = listedAhead ?? listed.use(await this.#list(directory, maxWalkedNames))
    } catch (error) {
      return this.#failed(directory.uri, error)
    }
    const { path, names } = listing
    const targetStats = (name: string) => this.#territory.targetStats(join(directory.path, bytesOf(name)))
    for (let part = names.take(batch); part.length > 0; part = names.take(batch)) {
      this.#signal.throwIfAborted()
      for (const entry of await lookAt(path, part, targetStats)) {
        if (this.#entryCount === this.#options.maxEntries) return this.report.truncate()
        this.#entryCount += 1
        const goesOn = this.#visit({ directory, listing, entry })
        if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) return false
      }
    }
    return true
  }

  async #list(directory: FoundDirectory, maxNames: number): Promise<Listing> {
    await using opening = new AsyncDisposableStack()
    const held = this.#options.followDirectorySymlinks ? undefined : opening.use(await pinned(this.#files, directory))
    // By its dot it cannot be listed without being searchable: what is in it could not be looked at.
    const path = held?.at('.') ?? join(opening.use(await this.#territory.directory(directory.path)).path, dot)
    const names = await SortedRuns.of(await namesIn(path, maxNames, held?.isSmall ?? false), byName)
    const opened = opening.move()
    return { path, held, names, [Symbol.asyncDispose]: () => opened.disposeAsync() }
  }

  /** No promise for what needs no further look, which is nearly everything. @returns whether the walk goes on */
  #visit({ directory, listing, entry }: Visit): boolean | Promise<boolean> {
    const { followDirectorySymlinks, maxDepth } = this.#options
    if (entry.isSymlink && !(followDirectorySymlinks && entry.isDirectory)) return true
    if (!entry.isDirectory && !entry.isFile) return true
    const uri = directory.uri.child(entry.name)
    if (!this.report.addEntry(uri.canonical, entry.isDirectory ? 'directory' : 'file')) return false
    if (!entry.isDirectory || directory.depth >= maxDepth || this.#isPruned(entry.name)) return true
    const name = bytesOf(entry.name)
    const found = { path: join(directory.path, name), uri, depth: directory.depth + 1 }
    return followDirectorySymlinks ? this.#foundByLinks(found) : this.#found(found, listing, name)
  }

  /** It is looked at where it was listed, whatever its path leads to meanwhile. */
  #found(
    directory: Omit<FoundDirectory, 'identity'>,
    { path, held }: Listing,
    name: Buffer,
  ): boolean | Promise<boolean> {
    if (this.#isFull()) return true
    const identity = held && this.#files.cached.identityIn(held, name)
    if (identity === undefined) return this.#foundSlowly(directory, join(path, name))
    this.#enqueue({ ...directory, identity })
    return true
  }

  async #foundSlowly(directory: Omit<FoundDirectory, 'identity'>, path: Buffer): Promise<boolean> {
    try {
      this.#enqueue({ ...directory, identity: await lstat(path, { bigint: true }) })
      return true
    } catch (error) {
      return this.#failed(directory.uri, error)
    }
  }

  async #foundByLinks(directory: Omit<FoundDirectory, 'identity'>): Promise<boolean> {
    try {
      const real = (await canonicalPath(this.#territory, directory.path)).toString('latin1')
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

  #isPruned(name: string): boolean {
    return this.#options.pruneHiddenDirectories && name.startsWith('.')
  }

  #failed(uri: PathUri, thrown: unknown): boolean {
    const error = translated(thrown)
    if (!(error instanceof GatewayError)) throw error
    return this.report.addError(uri.canonical, error.message)
  }
}
