import { freeMemoryAround } from './free-memory.ts'

/**
 * Buffers of one size that are lent again and again. Megabytes in buffers of their own, many times a second, make the garbage
 * collector walk the whole heap as often.
 */
export class BufferPool {
  readonly #bytes: number
  readonly #maxFree: number
  readonly #free: ArrayBuffer[] = []
  /** All there are. A buffer of somebody else may have the same size. */
  readonly #own = new WeakSet<ArrayBufferLike>()

  /** @param options.maxFree buffers that are kept while nobody needs them */
  constructor({ bytes, maxFree }: { readonly bytes: number; readonly maxFree: number }) {
    this.#bytes = bytes
    this.#maxFree = maxFree
  }

  get freeCount(): number {
    return this.#free.length
  }

  /**
   * A buffer of that length, at most that of the pool, with whatever content. It may be given back once it is no longer used,
   * or forgotten.
   */
  take(length: number): Buffer {
    return Buffer.from(this.#free.pop() ?? this.#allocate(), 0, length)
  }

  /**
   * Takes back what is its own, and frees it if there are enough. Nobody may use it, or a part of it, from now on.
   * @returns whether it was its own
   */
  giveBack(bytes: Buffer): boolean {
    const { buffer, byteOffset } = bytes
    if (byteOffset !== 0 || !this.#own.has(buffer)) return false
    if (this.#free.length < this.#maxFree) this.#free.push(buffer as ArrayBuffer)
    else freeMemoryAround(bytes)
    return true
  }

  #allocate(): ArrayBuffer {
    const { buffer } = Buffer.allocUnsafeSlow(this.#bytes)
    this.#own.add(buffer)
    return buffer
  }
}
