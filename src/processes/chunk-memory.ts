import { BufferPool } from '../lifecycle/buffer-pool.ts'
import { freeMemory } from '../lifecycle/free-memory.ts'
import { outputChunkBytes } from '../protocol/limits.ts'

/** Full chunks that are kept while no process needs them: three mebibytes. */
const maxFreeChunks = 64

/**
 * Memory for the output of all processes that can be read again. What is as large as a full chunk comes from a pool and goes back to it,
 * because what has grown old before it is dropped makes the garbage collector walk the whole heap, dozens of times a second
 * while a process talks. Nothing comes from the slabs that Node.js cuts small buffers from.
 */
export class ChunkMemory {
  readonly #full = new BufferPool({ bytes: outputChunkBytes, maxFree: maxFreeChunks })

  /** Room for a chunk, with whatever content, until it is given back. */
  take(length: number): Buffer {
    return length === outputChunkBytes ? this.#full.take(length) : Buffer.allocUnsafeSlow(length)
  }

  /** Nobody may use the chunk from now on. */
  giveBack(chunk: Buffer): void {
    if (chunk.length === outputChunkBytes) this.#full.giveBack(chunk)
    else freeMemory(chunk)
  }
}
