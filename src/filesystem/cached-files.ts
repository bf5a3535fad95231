import { close, read } from 'node:fs'
import { type FileHandle, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { FileCalls, FileFacts, Identity, Opening } from '../libc/file-calls.ts'
import type { BufferPools } from '../lifecycle/buffer-pools.ts'
import { PinnedDirectory } from './pinned-directory.ts'
import type { Territory } from './territory.ts'

/** Copied at once while everybody else waits, which takes well below a millisecond. */
const maxBytes = 1024 * 1024

/** Of a directory: room for a few thousand names. */
const maxSmallDirectoryBytes = 64 * 1024

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

  /** What is at a path that is no link, or that there is nothing. */
  facts(territory: Territory, path: Buffer, followSymlinks: boolean): FileFacts | 'missing' | undefined {
    const entry = this.#open(territory, path, { opening: 'look', followSymlinks })
    if (entry === undefined || entry === 'missing') return entry
    // Here and below not by `using`, which takes as long as one of the calls.
    entry[Symbol.dispose]()
    return entry.facts.kind === 'link' ? undefined : entry.facts
  }

  /** The whole of a regular file that is not large. What the kernel has to wait for, one other thread waits for. */
  contents(territory: Territory, path: Buffer, followSymlinks: boolean): Contents | 'missing' | Promise<Contents> {
    // Opening must not wait either, so it has to be known what is opened.
    const before = this.facts(territory, path, followSymlinks)
    if (before === 'missing') return before
    if (before?.kind !== 'file' || before.size > maxBytes) return undefined
    const calls = this.#calls
    // One byte more, so that growth does not go unnoticed.
    const bytes = this.#contents.take(before.size + 1)
    const descriptor = this.#openFile(territory, path, { opening: 'read', followSymlinks })
    if (calls === undefined || typeof descriptor !== 'number') return undefined
    const file = new OpenEntry({ calls, descriptor, facts: before, release: () => calls.close(descriptor) })
    const count = calls.readAt(descriptor, bytes, 0)
    // Something else may have taken its place meanwhile, and keep a thread waiting.
    if (count !== before.size && calls.facts(descriptor)?.kind === 'file') return contentsByThread(file, bytes)
    file[Symbol.dispose]()
    return count === before.size ? bytes.subarray(0, count) : undefined
  }

  /** A regular file that is there, to be written over. */
  openToWrite(territory: Territory, path: Buffer, followSymlinks: boolean): OpenEntry | undefined {
    if (!territory.mayChange(path)) return undefined
    const before = this.facts(territory, path, followSymlinks)
    if (typeof before !== 'object' || before.kind !== 'file') return undefined
    // Elsewhere opening may take time.
    if (this.#mounts.get(before.mountId) !== 'plain') return undefined
    const entry = this.#open(territory, path, { opening: 'write', followSymlinks })
    return entry === 'missing' ? undefined : fileOnly(entry)
  }

  /** Whether what was opened is a regular file. */
  isFile({ fd }: FileHandle): boolean {
    return this.#calls?.facts(fd)?.kind === 'file'
  }

  /** Whether a regular file ends before that offset. `false` where it takes a read to find out. */
  endsBefore(descriptor: number, offset: bigint): boolean {
    const facts = this.#calls?.facts(descriptor)
    return facts !== undefined && this.#isHere(facts) && BigInt(facts.size) < offset
  }

  /** Takes over a file that was opened to be written, if it is a regular one on this machine: closing it tells nothing then. */
  writtenHere(file: FileHandle): OpenEntry | undefined {
    const calls = this.#calls
    const facts = calls?.facts(file.fd)
    if (calls === undefined || facts?.kind !== 'file' || !this.#isHere(facts)) return undefined
    const release = () => void file.close().catch(() => undefined)
    return new OpenEntry({ calls, descriptor: file.fd, facts, release })
  }

  /** `false` where it takes a closer look, too. */
  isDirectory(territory: Territory, path: Buffer, followSymlinks: boolean): boolean {
    const facts = this.facts(territory, path, followSymlinks)
    return typeof facts === 'object' && facts.kind === 'directory'
  }

  /** Whether there are so few names in a directory that they may be listed at once. */
  isSmallDirectory(territory: Territory, path: Buffer): boolean {
    const facts = this.facts(territory, path, true)
    return typeof facts === 'object' && facts.kind === 'directory' && this.#isSmall(facts)
  }

  /** A directory that is no link, held. */
  directory(territory: Territory, path: Buffer): PinnedDirectory | undefined {
    const entry = this.#open(territory, path, { opening: 'look', followSymlinks: true })
    if (entry === undefined || entry === 'missing') return undefined
    const identity = entry.facts.kind === 'directory' ? this.#calls?.identity(entry.descriptor) : undefined
    if (identity === undefined) {
      entry[Symbol.dispose]()
      return undefined
    }
    return new PinnedDirectory({
      descriptor: entry.descriptor,
      identity: () => identity,
      isSmall: this.#isSmall(entry.facts),
      release: () => {
        entry[Symbol.dispose]()
      },
    })
  }

  /** What tells an entry of a directory apart that is a directory itself. */
  identityIn(directory: PinnedDirectory, name: Buffer): Identity | undefined {
    const descriptor = this.#calls?.openFile(name, 'look', false, directory.descriptor)
    if (typeof descriptor !== 'number') return undefined
    using entry = this.#opened(descriptor, false)
    return entry?.facts.kind === 'directory' ? this.#calls?.identity(entry.descriptor) : undefined
  }

  /** Reads at an offset of an open file, as far as it goes: 0 for nothing. */
  read(descriptor: number, into: Buffer, offset: bigint): number {
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return 0
    return this.#calls?.readAt(descriptor, into, Number(offset)) ?? 0
  }

  #open(territory: Territory, path: Buffer, how: OpeningOptions): OpenEntry | 'missing' | undefined {
    const descriptor = this.#openFile(territory, path, how)
    return typeof descriptor === 'number' ? this.#opened(descriptor, how.opening === 'write') : descriptor
  }

  #openFile(
    territory: Territory,
    path: Buffer,
    { opening, followSymlinks }: OpeningOptions,
  ): number | 'missing' | undefined {
    const links = territory.links(path, followSymlinks)
    return links === 'elsewhere' ? undefined : this.#calls?.openFile(path, opening, links === 'followed')
  }

  /** Takes over a descriptor that was opened, if it is of a mount that is known. */
  #opened(descriptor: number, isWritten: boolean): OpenEntry | undefined {
    const calls = this.#calls
    if (calls === undefined) return undefined
    const facts = calls.facts(descriptor)
    // The last one who closes a file that has no name any more gives its blocks back, and some file systems write then: that takes a thread.
    const release = isWritten ? () => close(descriptor, () => {}) : () => calls.close(descriptor)
    if (facts !== undefined && this.#isHere(facts)) return new OpenEntry({ calls, descriptor, facts, release })
    if (facts !== undefined && !this.#mounts.has(facts.mountId)) void this.#learn(descriptor, facts.mountId, release)
    else release()
    return undefined
  }

  /** Plain file systems tell of a directory how many bytes it has for names. */
  #isSmall({ mountId, size }: FileFacts): boolean {
    return size <= maxSmallDirectoryBytes && this.#mounts.get(mountId) === 'plain'
  }

  /** Whether it is of a mount that is known, and on this machine. */
  #isHere({ mountId }: FileFacts): boolean {
    const mount = this.#mounts.get(mountId)
    return mount === 'plain' || mount === 'layered'
  }

  /** Finds out what a mount is of, which may take its time. Takes over the descriptor. */
  async #learn(descriptor: number, mountId: number, release: () => void): Promise<void> {
    using _entry = { [Symbol.dispose]: release }
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

const readAt = promisify(read)

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
  /** Closes it. */
  readonly release: () => void
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
  readonly #release: () => void

  constructor({ calls, descriptor, facts, release }: OpenEntryOptions) {
    this.#calls = calls
    this.#release = release
    this.descriptor = descriptor
    this.facts = facts
  }

  /** What its size is now. */
  get size(): number | undefined {
    return this.#calls.facts(this.descriptor)?.size
  }

  [Symbol.dispose](): void {
    this.#release()
  }
}
