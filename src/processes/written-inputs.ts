import { rememberedWriteIds } from '../protocol/limits.ts'

/** One write to standard input. */
export interface InputWrite {
  /** Not empty; a known id is acknowledged and not written again. */
  readonly writeId: string
  readonly bytes: Buffer
  /** Whether nothing follows: then the pipe is closed once this is written. */
  readonly endsInput?: boolean
}

/**
 * Which writes a process has accepted, so that a write repeated after a lost connection is not applied twice. The oldest
 * id is forgotten first; repeating an id does not refresh it.
 */
export class WrittenInputs {
  readonly #accepted = new Set<string>()
  /** Writes that wait for room, so that their repetition joins them. */
  readonly #waiting = new Map<string, Promise<'accepted' | 'closed'>>()

  /** Whether a write with the id was accepted, or waits. */
  knows(writeId: string): boolean {
    return this.#accepted.has(writeId) || this.#waiting.has(writeId)
  }

  /** Applies the write unless its id is known. */
  once(
    writeId: string,
    write: () => 'accepted' | 'closed' | Promise<'accepted' | 'closed'>,
  ): 'accepted' | 'closed' | Promise<'accepted' | 'closed'> {
    if (this.#accepted.has(writeId)) return 'accepted'
    const waiting = this.#waiting.get(writeId)
    if (waiting !== undefined) return waiting
    const status = write()
    if (typeof status === 'string') return this.#remember(writeId, status)
    const settled = status
      .then(result => this.#remember(writeId, result))
      .finally(() => {
        this.#waiting.delete(writeId)
      })
    this.#waiting.set(writeId, settled)
    return settled
  }

  #remember(writeId: string, status: 'accepted' | 'closed'): 'accepted' | 'closed' {
    if (status === 'closed') return status
    this.#accepted.add(writeId)
    if (this.#accepted.size > rememberedWriteIds) {
      const [oldest] = this.#accepted
      if (oldest !== undefined) this.#accepted.delete(oldest)
    }
    return status
  }
}
