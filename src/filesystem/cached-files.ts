import { close, constants, open, read } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { FileCalls, FileFacts, Identity, Opening } from '../libc/file-calls.ts'
import type { BufferPools } from '../lifecycle/buffer-pools.ts'
import { PinnedDirectory } from './pinned-directory.ts'
import type { Territory } from './territory.ts'

/** Copied at once while everybody else waits, which takes well below a millisecond. */
const maxBytes = 1024 * 1024

/** Mounts that are remembered. */
const maxMounts = 1024

/**
 * Kinds of mounts. `plain` ones are on this machine, and whatever is in their caches is right and opens without asking anybody. So
 * do `layered` ones, but for writing: then the file is copied up first, all of it.
 */
type Mount = 'plain' | 'layered' | 'other'

/** By the numbers of statfs(2). */
const fileSystems: ReadonlyMap<number, Mount> = new Map([
  [0xef53, 'plain'], // ext2, ext3, ext4
  [0x58465342, 'plain'], // xfs
  [0x9123683e, 'plain'], // btrfs
  [0xf2f52010, 'plain'], // f2fs
  [0x01021994, 'plain'], // tmpfs
  [0x794c7630, 'layered'], // overlay
])

/**
 * Files as far as the kernel has them in memory. What is there is told at once, without the two changes of threads that take
 * longer than the work; what is not, and whatever is out of the ordinary, is `undefined`: who asked goes the long way, which
 * also knows what is wrong.
 */
export class CachedFiles {
  readonly #calls: FileCalls | undefined
  /** By their ids. */
  readonly #mounts = new Map<number, Mount>()

  readonly #contents: BufferPools

  /**
   * @param calls undefined where there are none: nothing is ever in memory
   * @param contents what files are read into
   */
  constructor(calls: FileCalls | undefined, contents: BufferPools) {
    this.#calls = calls
    this.#contents = contents
  }

  /** What is at a path that is no link. */
  facts(territory: Territory, path: Buffer, followSymlinks: boolean): FileFacts | undefined {
    const entry = this.#open(territory, path, { opening: 'look', followSymlinks })
    // Here and below not by `using`, which takes as long as one of the calls.
    entry?.[Symbol.dispose]()
    return entry?.facts.kind === 'link' ? undefined : entry?.facts
  }

  /** The whole of a regular file that is not large. What the kernel has to wait for, one other thread waits for. */
  contents(territory: Territory, path: Buffer, followSymlinks: boolean): Contents | Promise<Contents> {
    // Opening must not wait either, so it has to be known what is opened.
    const before = this.facts(territory, path, followSymlinks)
    if (before?.kind !== 'file' || before.size > maxBytes) return undefined
    const calls = this.#calls
    // One byte more, so that growth does not go unnoticed.
    const bytes = this.#contents.take(before.size + 1)
    const descriptor = this.#openFile(territory, path, { opening: 'read', followSymlinks })
    if (calls === undefined || descriptor === undefined) return undefined
    const file = new OpenEntry({ calls, descriptor, facts: before, isWritten: false })
    const count = calls.readAt(descriptor, bytes, 0)
    // Something else may have taken its place meanwhile, and keep a thread waiting.
    if (count !== before.size && calls.facts(descriptor)?.kind === 'file') return contentsByThread(file, bytes)
    file[Symbol.dispose]()
    return count === before.size ? bytes.subarray(0, count) : undefined
  }

  /** A regular file that is there, to be written over. Where opening it may take time, one other thread does. */
  openToWrite(
    territory: Territory,
    path: Buffer,
    followSymlinks: boolean,
  ): OpenEntry | undefined | Promise<OpenEntry | undefined> {
    if (!territory.mayChange(path)) return undefined
    const before = this.facts(territory, path, followSymlinks)
    if (before?.kind !== 'file') return undefined
    if (this.#mounts.get(before.mountId) !== 'plain') return this.#openToWriteByThread(territory, path, followSymlinks)
    return fileOnly(this.#open(territory, path, { opening: 'write', followSymlinks }))
  }

  /** A directory that is no link, held. */
  directory(territory: Territory, path: Buffer): PinnedDirectory | undefined {
    const entry = this.#open(territory, path, { opening: 'look', followSymlinks: true })
    const identity = entry?.facts.kind === 'directory' ? this.#calls?.identity(entry.descriptor) : undefined
    if (entry === undefined || identity === undefined) {
      entry?.[Symbol.dispose]()
      return undefined
    }
    return new PinnedDirectory({
      descriptor: entry.descriptor,
      identity: () => identity,
      release: () => {
        entry[Symbol.dispose]()
      },
    })
  }

  /** What tells an entry of a directory apart that is a directory itself. */
  identityIn(directory: PinnedDirectory, name: Buffer): Identity | undefined {
    using entry = this.#opened(this.#calls?.openFile(name, 'look', false, directory.descriptor), false)
    return entry?.facts.kind === 'directory' ? this.#calls?.identity(entry.descriptor) : undefined
  }

  /** Reads at an offset of an open file, as far as it goes: 0 for nothing. */
  read(descriptor: number, into: Buffer, offset: bigint): number {
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return 0
    return this.#calls?.readAt(descriptor, into, Number(offset)) ?? 0
  }

  #open(territory: Territory, path: Buffer, how: OpeningOptions): OpenEntry | undefined {
    return this.#opened(this.#openFile(territory, path, how), how.opening === 'write')
  }

  #openFile(territory: Territory, path: Buffer, { opening, followSymlinks }: OpeningOptions): number | undefined {
    const links = territory.links(path, followSymlinks)
    return links === 'elsewhere' ? undefined : this.#calls?.openFile(path, opening, links === 'followed')
  }

  /** Takes over a descriptor that was opened, if it is of a mount that is known. */
  #opened(descriptor: number | undefined, isWritten: boolean): OpenEntry | undefined {
    const calls = this.#calls
    if (calls === undefined || descriptor === undefined) return undefined
    const facts = calls.facts(descriptor)
    const mount = facts && this.#mounts.get(facts.mountId)
    if (facts !== undefined && (mount === 'plain' || mount === 'layered')) {
      return new OpenEntry({ calls, descriptor, facts, isWritten })
    }
    if (facts !== undefined && mount === undefined) void this.#learn(calls, descriptor, facts.mountId)
    else calls.close(descriptor)
    return undefined
  }

  async #openToWriteByThread(
    territory: Territory,
    path: Buffer,
    followSymlinks: boolean,
  ): Promise<OpenEntry | undefined> {
    const calls = this.#calls
    if (calls === undefined || territory.links(path, followSymlinks) !== 'followed') return undefined
    const descriptor = await openAt(path, writeFlags).catch(() => undefined)
    if (descriptor === undefined) return undefined
    const facts = calls.facts(descriptor)
    if (facts !== undefined) return fileOnly(new OpenEntry({ calls, descriptor, facts, isWritten: true }))
    close(descriptor, () => {})
    return undefined
  }

  /** Finds out what a mount is of, which may take its time. Takes over the descriptor. */
  async #learn(calls: FileCalls, descriptor: number, mountId: number): Promise<void> {
    using _entry = { [Symbol.dispose]: () => calls.close(descriptor) }
    if (this.#mounts.size >= maxMounts) this.#mounts.clear()
    this.#mounts.set(mountId, 'other')
    const found = await statfs(`/proc/self/fd/${descriptor}`).catch(() => undefined)
    if (found !== undefined) this.#mounts.set(mountId, fileSystems.get(found.type) ?? 'other')
  }
}

interface OpeningOptions {
  readonly opening: Opening
  readonly followSymlinks: boolean
}

/** `undefined` where they are better asked for in another way. */
type Contents = Buffer | undefined

const openAt = promisify(open)
const readAt = promisify(read)

const writeFlags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** Takes over the file. */
async function contentsByThread(file: OpenEntry, into: Buffer): Promise<Contents> {
  using _file = file
  const { bytesRead } = await readAt(file.descriptor, into, 0, into.length, 0).catch(() => ({ bytesRead: -1 }))
  return bytesRead === file.facts.size ? into.subarray(0, bytesRead) : undefined
}

/** Closes what is no regular file. */
function fileOnly(entry: OpenEntry | undefined): OpenEntry | undefined {
  if (entry?.facts.kind === 'file') return entry
  entry?.[Symbol.dispose]()
  return undefined
}

interface OpenEntryOptions {
  readonly calls: FileCalls
  readonly descriptor: number
  readonly facts: FileFacts
  readonly isWritten: boolean
}

/** Files of clients, by both ways to them: the short one and the long one. */
export interface ReachedFiles {
  /** What the operator lets them reach. */
  readonly territory: Territory
  /** What of that is in memory. */
  readonly cached: CachedFiles
}

/** Something that is open, until it is disposed. */
export class OpenEntry implements Disposable {
  readonly descriptor: number
  /** When it was opened. */
  readonly facts: FileFacts
  readonly #calls: FileCalls
  readonly #isWritten: boolean

  constructor({ calls, descriptor, facts, isWritten }: OpenEntryOptions) {
    this.#calls = calls
    this.#isWritten = isWritten
    this.descriptor = descriptor
    this.facts = facts
  }

  /** What its size is now. */
  get size(): number | undefined {
    return this.#calls.facts(this.descriptor)?.size
  }

  [Symbol.dispose](): void {
    // The last one who closes a file that has no name any more gives its blocks back, which takes a thread.
    if (this.#isWritten) close(this.descriptor, () => {})
    else this.#calls.close(this.descriptor)
  }
}
