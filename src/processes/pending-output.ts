import { freeMemory } from '../lifecycle/free-memory.ts'

/** Small reads after the first share pieces that become as long as this. */
const sharedPieceBytes = 4096

/** Filled from its start. */
interface Piece {
  buffer: Buffer
  length: number
}

/**
 * Output that has no number yet: as it was read, joined when it becomes a chunk. Small reads share pieces, or a process that writes
 * byte by byte while nobody is attached would take a hundred times what it writes.
 */
export class PendingOutput {
  #pieces: Piece[] = []
  /** What of the first piece has been taken. */
  #taken = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Takes a copy: the bytes are borrowed. */
  append(bytes: Buffer): void {
    bytes.copy(this.#roomFor(bytes.length))
    this.#bytes += bytes.length
  }

  /** Lets go of memory that it shares with others, and would hold on to: what is pending stays for a while. */
  settle(): void {
    const [first] = this.#pieces
    if (first === undefined || first.buffer.buffer.byteLength === first.buffer.length) return
    const own = Buffer.allocUnsafeSlow(first.buffer.length)
    first.buffer.copy(own)
    first.buffer = own
  }

  /** Fills the target from the front of what is pending, of which there must be enough. */
  moveTo(target: Buffer): void {
    let filled = 0
    let emptied = 0
    for (const { buffer, length } of this.#pieces) {
      if (filled === target.length) break
      const copied = buffer.copy(target, filled, this.#taken, length)
      filled += copied
      this.#taken += copied
      if (this.#taken < length) break
      freeMemory(buffer)
      this.#taken = 0
      emptied += 1
    }
    this.#pieces.splice(0, emptied)
    this.#bytes -= filled
  }

  #roomFor(length: number): Buffer {
    let last = this.#pieces.at(-1)
    if (last === undefined || last.length + length > last.buffer.length) {
      last = { buffer: this.#memoryFor(length), length: 0 }
      this.#pieces.push(last)
    }
    last.length += length
    return last.buffer.subarray(last.length - length, last.length)
  }

  /** Most of what is read is all there is in its turn of the event loop, and gone soon: nothing more is kept ready for it. */
  #memoryFor(length: number): Buffer {
    const isShared = this.#bytes > 0 && length < sharedPieceBytes
    // Not from the slabs of Node.js, which are held by each of many pieces in them.
    return isShared
      ? Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.#bytes, sharedPieceBytes)))
      : Buffer.allocUnsafe(length)
  }
}
