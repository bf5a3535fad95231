import { outputChunkBytes } from '../protocol/limits.ts'
import type { ChunkMemory } from './chunk-memory.ts'

/** Chunks from that size on have memory of their own. */
const leastLargeBytes = 16 * 1024

/** What a process that says little needs. Each slab is four times as large as the one before. */
const firstSlabBytes = 256
const slabGrowth = 4
/** A full chunk, so that such slabs come from the pool of those. */
const largestSlabBytes = outputChunkBytes

/** Memory for a few chunks of one process, filled from its start. */
interface Slab {
  readonly buffer: Buffer
  used: number
  /** Chunks that lie in it. */
  held: number
}

/** Where one chunk lies. */
export interface Room {
  readonly slab: Slab
  readonly start: number
  readonly length: number
}

/**
 * Memory for the chunks of one process. Small ones share slabs, which takes less than half of what a buffer for each would, and no slab
 * has anything else in it: a byte that is kept does not hold on to what others have thrown away.
 */
export class OutputSlabs {
  readonly #memory: ChunkMemory
  #filling: Slab | undefined

  constructor(memory: ChunkMemory) {
    this.#memory = memory
  }

  /** Room for a chunk, with whatever content, until it is given back. */
  take(length: number): Room {
    if (length >= leastLargeBytes)
      return { slab: { buffer: this.#memory.take(length), used: length, held: 1 }, start: 0, length }
    let slab = this.#filling
    if (slab === undefined || slab.used + length > slab.buffer.length) slab = this.#next(length)
    const start = slab.used
    slab.used += length
    slab.held += 1
    return { slab, start, length }
  }

  /** Nobody may use the room from now on. */
  giveBack({ slab }: Room): void {
    slab.held -= 1
    if (slab.held > 0) return
    if (slab === this.#filling) slab.used = 0
    else this.#memory.giveBack(slab.buffer)
  }

  #next(length: number): Slab {
    const full = this.#filling
    const grown = full === undefined ? firstSlabBytes : full.buffer.length * slabGrowth
    const buffer = this.#memory.take(Math.min(Math.max(grown, length), largestSlabBytes))
    this.#filling = { buffer, used: 0, held: 0 }
    if (full?.held === 0) this.#memory.giveBack(full.buffer)
    return this.#filling
  }
}

/** The bytes of a chunk, where they lie. */
export function bytesIn({ slab, start, length }: Room): Buffer {
  return slab.buffer.subarray(start, start + length)
}
