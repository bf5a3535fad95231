import { write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const writeTo = promisify(write)

/** Text that waits for a slow reader. */
const maxQueuedBytes = 1024 * 1024
/** A pipe in non-blocking mode whose reader is slow is tried again after that. */
const retryMs = 50

/**
 * Writes lines to a descriptor without making anybody wait. A reader that is slow costs no more than a mebibyte, then the
 * newest lines; a disk that is full, or a reader that is gone, costs what cannot be written; neither holds up the end of the
 * program.
 */
export class LogWriter {
  readonly #descriptor: number
  readonly #dropped: () => void
  #queue: string[] = []
  #queuedBytes = 0
  /** Settles when everything has been written. */
  #writing: Promise<void> | undefined

  /** `dropped` is called for each line that is lost for want of room. */
  constructor(descriptor: number, dropped: () => void = () => {}) {
    this.#descriptor = descriptor
    this.#dropped = dropped
  }

  write(line: string): void {
    if (this.#queuedBytes + line.length > maxQueuedBytes) return this.#dropped()
    this.#queue.push(line)
    this.#queuedBytes += line.length
    this.#writing ??= this.#writeQueue()
  }

  /** Resolves when everything has been written, or when the time is over. */
  async flush(withinMs: number): Promise<void> {
    const deadline = new AbortController()
    await Promise.race([this.#writing, delay(withinMs, undefined, { signal: deadline.signal })])
    deadline.abort()
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const bytes = Buffer.from(this.#queue.join(''))
      this.#queue = []
      this.#queuedBytes = 0
      await this.#writeAll(bytes)
    }
    this.#writing = undefined
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      try {
        written += (await writeTo(this.#descriptor, bytes, written)).bytesWritten
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        await delay(retryMs)
      }
    }
  }
}
