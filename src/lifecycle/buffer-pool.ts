/**
 * Buffers of one size that are lent again and again. Megabytes in buffers of their own, many times a second, make the garbage
 * collector walk the whole heap as often.
 */
export class BufferPool {
  readonly #bytes: number
  readonly #maxFree: number
  readonly #free: ArrayBufferLike[] = []

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
    return Buffer.from(this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes).buffer, 0, length)
  }

  /** Whether it looks like one of this pool. */
  owns(buffer: Buffer): boolean {
    return buffer.buffer.byteLength === this.#bytes && buffer.byteOffset === 0
  }

  /** Takes back what is its own. Nobody may use it, or a part of it, from now on. */
  giveBack(buffer: Buffer): void {
    if (this.owns(buffer) && this.#free.length < this.#maxFree) this.#free.push(buffer.buffer)
  }
}
