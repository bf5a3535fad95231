import { BufferPool } from '../lifecycle/buffer-pool.ts'

/** The sizes of frames that are worth it: messages around a full chunk of output, and around a full block of a file. */
const sizes = [
  { leastBytes: 16 * 1024, bytes: 68 * 1024, maxFree: 64 },
  { leastBytes: 512 * 1024, bytes: 1400 * 1024, maxFree: 2 },
] as const

/** Buffers for the frames of busy connections, used again once they are sent. */
export class FramePool {
  readonly #pools = sizes.map(({ leastBytes, bytes, maxFree }) => ({
    leastBytes,
    bytes,
    pool: new BufferPool({ bytes, maxFree }),
  }))

  /** A buffer of that length with whatever content, for `giveBack` when it is no longer used. */
  readonly take = (length: number): Buffer => {
    const fitting = this.#pools.find(({ leastBytes, bytes }) => length >= leastBytes && length <= bytes)
    return fitting === undefined ? Buffer.allocUnsafe(length) : fitting.pool.take(length)
  }

  isPooled(frame: Buffer): boolean {
    return this.#pools.some(({ pool }) => pool.owns(frame))
  }

  giveBack(frame: Buffer): void {
    for (const { pool } of this.#pools) pool.giveBack(frame)
  }
}
