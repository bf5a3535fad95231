import { Writable } from 'node:stream'

/** A stream whose other side takes one write at a time, when the test says so. */
export class SlowWriter extends Writable {
  /** What the other side has taken, write by write. */
  readonly taken: string[] = []
  #finishWrite: (() => void) | undefined

  /** Takes the write that is under way; the next one is under way then. */
  take(): void {
    const finishWrite = this.#finishWrite
    if (finishWrite === undefined) throw new Error('nothing has been written')
    this.#finishWrite = undefined
    finishWrite()
  }

  /** Takes everything, whatever is written meanwhile included. */
  takeAll(): void {
    while (this.#finishWrite !== undefined) this.take()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#finishWrite = () => {
      this.taken.push(bytes.toString())
      done()
    }
  }
}
