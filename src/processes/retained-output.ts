import type { OutputChunk, OutputStream } from '../protocol/process-schemas.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import { OutputSlabs, type Room } from './output-slabs.ts'

/**
 * A chunk and what the window needs to know about it. The bytes are kept as they were read, outside the JavaScript
 * heap: they are sent once and seldom read again, and would burden every garbage collection as base64 text.
 */
export interface RetainedChunk {
  readonly seq: number
  readonly stream: OutputStream
  /** Where its bytes lie: taken from the window. */
  readonly room: Room
  /** How much had been sent on the connection before this chunk; see Delivery. */
  readonly mark: number
}

/** What a chunk takes besides its bytes. */
export const chunkRecordBytes = 128

/** What one chunk costs in a reply besides its base64 text. */
const replyOverheadBytes = 96

/**
 * The window of output that can be read again, oldest first. Appending and evicting cost the same whatever the window
 * holds, and a page is found by binary search, since sequence numbers only grow.
 */
export class RetainedOutput {
  #chunks: (RetainedChunk | undefined)[] = []
  /** Evicted chunks at the front of the array that have not been cut off yet. */
  #evicted = 0
  #bytes = 0
  readonly #slabs: OutputSlabs

  /** @param memory where the chunks come from, and go back to */
  constructor(memory: ChunkMemory) {
    this.#slabs = new OutputSlabs(memory)
  }

  /** Payload bytes held. */
  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#chunks.length - this.#evicted
  }

  /** An upper bound of the bytes a reply with everything would take. */
  get replyBytes(): number {
    return Math.ceil((this.#bytes * 4) / 3) + this.count * (replyOverheadBytes + 4)
  }

  get oldest(): RetainedChunk | undefined {
    return this.#chunks[this.#evicted]
  }

  /** Room for the bytes of a chunk that will be appended. */
  take(length: number): Room {
    return this.#slabs.take(length)
  }

  append(chunk: RetainedChunk): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.room.length
  }

  evictOldest(): void {
    const oldest = this.oldest
    if (oldest === undefined) return
    this.#bytes -= oldest.room.length
    this.#slabs.giveBack(oldest.room)
    this.#chunks[this.#evicted] = undefined
    this.#evicted += 1
    // Cutting off only when half is dead keeps eviction constant on average.
    if (this.#evicted > 64 && this.#evicted * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#evicted)
      this.#evicted = 0
    }
  }

  /**
   * Chunks with a sequence number above `afterSeq`, ascending. With `maxBytes` it stops before the chunk that would
   * exceed the budget, but the first one always fits, and chunks are never split.
   */
  page(afterSeq: number, maxBytes: number | undefined): OutputChunk[] {
    const page: OutputChunk[] = []
    let bytes = 0
    for (let index = this.#firstAfter(afterSeq); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]
      if (chunk === undefined) break
      const { slab, start, length } = chunk.room
      if (maxBytes !== undefined && page.length > 0 && bytes + length > maxBytes) break
      const text = slab.buffer.toString('base64', start, start + length)
      page.push({ seq: chunk.seq, stream: chunk.stream, chunk: text })
      bytes += length
      if (maxBytes !== undefined && bytes >= maxBytes) break
    }
    return page
  }

  /** Whether anything with a higher sequence number is held. */
  hasAfter(afterSeq: number): boolean {
    const newest = this.#chunks.at(-1)
    return this.count > 0 && newest !== undefined && newest.seq > afterSeq
  }

  clear(): void {
    for (const chunk of this.#chunks) if (chunk !== undefined) this.#slabs.giveBack(chunk.room)
    this.#chunks = []
    this.#evicted = 0
    this.#bytes = 0
  }

  #firstAfter(afterSeq: number): number {
    let low = this.#evicted
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle]
      if (chunk !== undefined && chunk.seq <= afterSeq) low = middle + 1
      else high = middle
    }
    return low
  }
}
