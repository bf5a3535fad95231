import { BufferPool } from './buffer-pool.ts'
import { freeMemoryAround } from './free-memory.ts'

/** Buffers for lengths from `leastBytes` to `bytes`, of which so many are kept while nobody needs them. */
export interface PooledSize {
  readonly leastBytes: number
  readonly bytes: number
  readonly maxFree: number
}

/**
 * Buffers of any length. Those that are worth it are used again: even the slabs that Node.js cuts small buffers from grow old when
 * thousands are needed in a second, and only a collection of the whole heap finds out that they are not needed any more.
 */
export class BufferPools {
  readonly #pools: readonly { readonly size: PooledSize; readonly pool: BufferPool }[]
  readonly #leastBytes: number

  constructor(sizes: readonly PooledSize[]) {
    this.#pools = sizes.map(size => ({ size, pool: new BufferPool(size) }))
    this.#leastBytes = Math.min(...sizes.map(({ leastBytes }) => leastBytes))
  }

  /** A buffer of that length with whatever content, for `giveBack` when it is no longer used; it may be forgotten, too. */
  readonly take = (length: number): Buffer => {
    const fitting = this.#pools.find(({ size }) => length >= size.leastBytes && length <= size.bytes)
    return fitting === undefined ? Buffer.allocUnsafe(length) : fitting.pool.take(length)
  }

  /** Whether giving a buffer of that length back does anything. */
  isWorthIt(length: number): boolean {
    return length >= this.#leastBytes
  }

  /** Takes a buffer back, or what is left of its front. Nobody may use it, or a part of it, from now on. What is not kept is freed. */
  giveBack(buffer: Buffer): void {
    if (!this.#pools.some(({ pool }) => pool.giveBack(buffer))) freeMemoryAround(buffer)
  }
}
