/** A full chunk of output as base64, with the message around it. */
const pooledBytes = 68 * 1024
/** Frames below that come cheaper from the allocator. */
const leastBytes = 16 * 1024
/** Free buffers that are kept. */
const maxFree = 64

/**
 * Buffers for the frames of busy processes, used again once they are sent. Hundreds of megabytes a second in buffers of their
 * own make the garbage collector walk the whole heap dozens of times a second.
 */
export class FramePool {
  readonly #free: ArrayBufferLike[] = []

  get freeCount(): number {
    return this.#free.length
  }

  /** A buffer of that length with whatever content, for `giveBack` when it is no longer used. */
  readonly take = (length: number): Buffer => {
    if (length < leastBytes || length > pooledBytes) return Buffer.allocUnsafe(length)
    return Buffer.from(this.#free.pop() ?? Buffer.allocUnsafeSlow(pooledBytes).buffer, 0, length)
  }

  isPooled(frame: Buffer): boolean {
    return frame.buffer.byteLength === pooledBytes && frame.byteOffset === 0
  }

  giveBack(frame: Buffer): void {
    if (this.isPooled(frame) && this.#free.length < maxFree) this.#free.push(frame.buffer)
  }
}
