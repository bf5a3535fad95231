import { freeMemory } from '../lifecycle/free-memory.ts'

/** Output that has no number yet: pieces as they were read, joined when they become a chunk. */
export class PendingOutput {
  #pieces: Buffer[] = []
  /** What of the first piece has been taken. */
  #taken = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Takes a copy: the bytes are borrowed. */
  append(bytes: Buffer): void {
    this.#pieces.push(Buffer.from(bytes))
    this.#bytes += bytes.length
  }

  /** Fills the target from the front of what is pending, of which there must be enough. */
  moveTo(target: Buffer): void {
    let filled = 0
    let emptied = 0
    for (const piece of this.#pieces) {
      if (filled === target.length) break
      const copied = piece.copy(target, filled, this.#taken)
      filled += copied
      this.#taken += copied
      if (this.#taken < piece.length) break
      freeMemory(piece)
      this.#taken = 0
      emptied += 1
    }
    this.#pieces.splice(0, emptied)
    this.#bytes -= filled
  }
}
