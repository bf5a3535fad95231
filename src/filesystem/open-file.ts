import type { FileHandle } from 'node:fs/promises'
import type { CachedFiles } from './cached-files.ts'
import type { BufferPools } from '../lifecycle/buffer-pools.ts'
import { systemError } from './errno.ts'
import { maxBlockBytes } from './filesystem-limits.ts'
import { writeAll } from './regular-file.ts'

/** Largest offset of a file. off_t */
const maxOffset = 2n ** 63n - 1n

export interface FileBlock {
  readonly bytes: Buffer
  /** Fewer bytes than asked for were left. */
  readonly isEnd: boolean
}

/** What reading a file takes. */
export interface FileReading {
  readonly cached: CachedFiles
  readonly contents: BufferPools
}

interface OpenFileOptions {
  readonly path: Buffer
  readonly setup: FileReading
  /** Rejects when the file cannot be opened. */
  readonly opening: Promise<FileHandle>
  readonly guard: Disposable
}

/** One file that is being read or written in blocks. Whatever is asked of it happens in that order. */
export class OpenFile implements AsyncDisposable {
  /** Where it was when it was opened. */
  readonly path: Buffer
  readonly #file: Promise<FileHandle>
  readonly #guard: Disposable
  readonly #setup: FileReading
  #last: Promise<unknown>
  #isBroken = false
  #closed: Promise<void> | undefined

  /** Takes over both file and guard. */
  constructor({ path, setup, opening, guard }: OpenFileOptions) {
    this.path = path
    this.#setup = setup
    this.#file = opening
    this.#last = opening.catch(() => {
      this.#isBroken = true
    })
    this.#guard = guard
  }

  /** Whether it could not be opened or a read has failed: nothing more can be done with it. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /**
   * Runs the work when everything asked before is over.
   * @throws what `refuse` makes, when the file turns out to be broken
   */
  inOrder<Value>(work: (file: FileHandle) => Promise<Value>, refuse: () => Error): Promise<Value> {
    const result = this.#last.then(async () => {
      if (this.#isBroken) throw refuse()
      return work(await this.#file)
    })
    // The next one runs however this one ends.
    this.#last = result.catch(() => undefined)
    return result
  }

  /** pread(2) until the block is full or the file ends. A read that fails breaks the file. */
  async read(file: FileHandle, offset: bigint, length: number): Promise<FileBlock> {
    try {
      if (offset + BigInt(length) > maxOffset) throw systemError('EINVAL')
      const bytes = this.#setup.contents.take(length)
      const { cached } = this.#setup
      let done = cached.read(file.fd, bytes, offset)
      while (done < length && !cached.endsBefore(file.fd, offset + BigInt(done) + 1n)) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + BigInt(done))
        if (bytesRead === 0) break
        done += bytesRead
      }
      return { bytes: bytes.subarray(0, done), isEnd: done < length }
    } catch (error) {
      this.#isBroken = true
      throw error
    }
  }

  /** Closes it once everything asked before is over. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    using _guard = this.#guard
    await this.#last
    const file = await this.#file.catch(() => undefined)
    await file?.close()
  }
}

/** Writes a block, all of it. A gap before it reads as zeros. */
export async function writeBlock(file: FileHandle, offset: bigint, bytes: Buffer): Promise<void> {
  // Node writes where the file stands instead of at an offset it cannot hold, which few file systems take.
  if (offset > BigInt(Number.MAX_SAFE_INTEGER - maxBlockBytes)) throw systemError('EFBIG')
  await writeAll(file, bytes, Number(offset))
}
