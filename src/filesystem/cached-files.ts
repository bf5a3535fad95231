import { statfs } from 'node:fs/promises'
import type { FileCalls, FileFacts, Opening } from '../libc/file-calls.ts'
import type { Territory } from './territory.ts'

/** Copied at once while everybody else waits, which takes well below a millisecond. */
const maxBytes = 1024 * 1024

/** Mounts that are remembered. */
const maxMounts = 1024

/** File systems of this machine, whose caches are right and whose files open without asking anybody. statfs(2) */
const local = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x01021994, // tmpfs
  0x794c7630, // overlay
])

/**
 * Files as far as the kernel has them in memory. What is there is told at once, without the two changes of threads that take
 * longer than the work; what is not, and whatever is out of the ordinary, is `undefined`: who asked goes the long way, which
 * also knows what is wrong.
 */
export class CachedFiles {
  readonly #calls: FileCalls | undefined
  /** Whether mounts are of local file systems, by their ids. */
  readonly #mounts = new Map<bigint, boolean>()

  /** @param calls undefined where there are none: nothing is ever in memory */
  constructor(calls: FileCalls | undefined) {
    this.#calls = calls
  }

  /** What is at a path that is no link. */
  facts(territory: Territory, path: Buffer, followSymlinks: boolean): FileFacts | undefined {
    using entry = this.#open(territory, path, { opening: 'look', followSymlinks })
    return entry?.facts.kind === 'link' ? undefined : entry?.facts
  }

  /** The whole of a regular file that is not large. */
  contents(territory: Territory, path: Buffer, followSymlinks: boolean): Buffer | undefined {
    // Opening must not wait either, so it has to be known what is opened.
    const before = this.facts(territory, path, followSymlinks)
    if (before?.kind !== 'file' || before.size > maxBytes) return undefined
    using file = this.#open(territory, path, { opening: 'read', followSymlinks })
    if (file?.facts.kind !== 'file' || file.facts.size > maxBytes) return undefined
    // One byte more, so that growth does not go unnoticed.
    const bytes = Buffer.allocUnsafe(file.facts.size + 1)
    const count = this.#calls?.readAt(file.descriptor, bytes, 0)
    return count === file.facts.size ? bytes.subarray(0, count) : undefined
  }

  /** A regular file that is there, to be written over. */
  openToWrite(territory: Territory, path: Buffer, followSymlinks: boolean): OpenEntry | undefined {
    if (!territory.mayChange(path) || this.facts(territory, path, followSymlinks)?.kind !== 'file') return undefined
    using opening = new DisposableStack()
    const file = opening.use(this.#open(territory, path, { opening: 'write', followSymlinks }))
    if (file?.facts.kind !== 'file') return undefined
    opening.move()
    return file
  }

  /** Reads at an offset of an open file, as far as it goes: 0 for nothing. */
  read(descriptor: number, into: Buffer, offset: bigint): number {
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return 0
    return this.#calls?.readAt(descriptor, into, Number(offset)) ?? 0
  }

  #open(
    territory: Territory,
    path: Buffer,
    { opening, followSymlinks }: { readonly opening: Opening; readonly followSymlinks: boolean },
  ): OpenEntry | undefined {
    const calls = this.#calls
    const links = territory.links(path, followSymlinks)
    if (calls === undefined || links === 'elsewhere') return undefined
    const descriptor = calls.openFile(path, opening, links === 'followed')
    if (descriptor === undefined) return undefined
    const facts = calls.facts(descriptor)
    const isLocal = facts && this.#mounts.get(facts.mountId)
    if (facts !== undefined && isLocal === true) return new OpenEntry(calls, descriptor, facts)
    if (facts !== undefined && isLocal === undefined) void this.#learn(calls, descriptor, facts.mountId)
    else calls.close(descriptor)
    return undefined
  }

  /** Finds out what a mount is of, which may take its time. Takes over the descriptor. */
  async #learn(calls: FileCalls, descriptor: number, mountId: bigint): Promise<void> {
    using _entry = { [Symbol.dispose]: () => calls.close(descriptor) }
    if (this.#mounts.size >= maxMounts) this.#mounts.clear()
    this.#mounts.set(mountId, false)
    const found = await statfs(`/proc/self/fd/${descriptor}`).catch(() => undefined)
    if (found !== undefined) this.#mounts.set(mountId, local.has(found.type))
  }
}

/** Something that is open, until it is disposed. */
export class OpenEntry implements Disposable {
  readonly descriptor: number
  /** When it was opened. */
  readonly facts: FileFacts
  readonly #calls: FileCalls

  constructor(calls: FileCalls, descriptor: number, facts: FileFacts) {
    this.#calls = calls
    this.descriptor = descriptor
    this.facts = facts
  }

  /** What its size is now. */
  get size(): number | undefined {
    return this.#calls.facts(this.descriptor)?.size
  }

  [Symbol.dispose](): void {
    this.#calls.close(this.descriptor)
  }
}
