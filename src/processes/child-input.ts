import type { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import { freeMemory } from '../lifecycle/free-memory.ts'
import type { InputStream } from './engine.ts'

/** Accepted writes that have not been taken, however short: each costs some hundred bytes besides its own. */
export const maxQueuedWrites = 1024

interface PendingWrite {
  readonly bytes: Buffer
  /** Nothing follows. */
  readonly isLast: boolean
  settle(status: 'accepted' | 'closed'): void
}

/**
 * Standard input of one child. Accepted bytes are queued up to a limit; whoever comes then waits in line, without
 * holding up anything else. Once the reader is gone or the input was closed every write answers `closed`.
 */
export class ChildInput implements Disposable {
  readonly #stream: InputStream
  readonly #limitBytes: number
  readonly #waiting: ByteAllowance
  readonly #pending = new Set<PendingWrite>()
  #queuedWrites = 0
  #open = true

  constructor(stream: InputStream, limitBytes: number, waiting: ByteAllowance) {
    this.#stream = stream
    this.#waiting = waiting
    this.#limitBytes = limitBytes
    stream.writer.on('error', this.#closed)
    stream.writer.on('close', this.#closed)
  }

  get isOpen(): boolean {
    return this.#open
  }

  get queuedBytes(): number {
    return this.#stream.writer.writableLength
  }

  /**
   * Queues the bytes, whose memory is freed once they are written. Waits while the queue is full; a write larger than the queue is taken once the queue is empty.
   * An aborted wait rejects with the reason of the signal, and nothing was written.
   * @throws GatewayError when too much waits already
   */
  write(bytes: Buffer, signal: AbortSignal, isLast = false): 'accepted' | 'closed' | Promise<'accepted' | 'closed'> {
    if (!this.#open) return 'closed'
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    if (this.#pending.size === 0 && this.#hasRoomFor(bytes)) {
      this.#queue(bytes)
      if (isLast) this.#end()
      return 'accepted'
    }
    const held = this.#waiting.hold(bytes.length)
    return new Promise((resolve, reject) => {
      const aborted = () => {
        held[Symbol.dispose]()
        this.#pending.delete(write)
        reject(signal.reason as Error)
        // Those behind it may be about to be aborted by the same signal: they must not go first.
        queueMicrotask(() => this.#written())
      }
      const write: PendingWrite = {
        bytes,
        isLast,
        settle: status => {
          held[Symbol.dispose]()
          signal.removeEventListener('abort', aborted)
          resolve(status)
        },
      }
      signal.addEventListener('abort', aborted, { once: true })
      this.#pending.add(write)
    })
  }

  /** As `write`, and closes the input once this has been written. What comes later answers `closed`. */
  writeLast(bytes: Buffer, signal: AbortSignal): 'accepted' | 'closed' | Promise<'accepted' | 'closed'> {
    return this.write(bytes, signal, true)
  }

  /** Closes the input: queued bytes are dropped, waiting writes answer `closed`. */
  [Symbol.dispose](): void {
    this.#closed()
    this.#stream.close()
  }

  #hasRoomFor(bytes: Buffer): boolean {
    if (this.queuedBytes === 0) return true
    return this.queuedBytes + bytes.length <= this.#limitBytes && this.#queuedWrites < maxQueuedWrites
  }

  #queue(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#queuedWrites += 1
    this.#stream.writer.write(bytes, failure => {
      this.#queuedWrites -= 1
      // After a failure the stream may still hold on to them.
      if (!failure) freeMemory(bytes)
      this.#written(failure)
    })
  }

  #end(): void {
    this.#closed()
    this.#stream.writer.end()
  }

  readonly #written = (failure?: Error | null): void => {
    // A write that failed is called back before the stream tells that it is over.
    if (failure) return this.#closed()
    for (const write of this.#pending) {
      if (!this.#open || !this.#hasRoomFor(write.bytes)) return
      this.#pending.delete(write)
      this.#queue(write.bytes)
      write.settle('accepted')
      if (write.isLast) return this.#end()
    }
  }

  readonly #closed = (): void => {
    this.#open = false
    for (const write of this.#pending) write.settle('closed')
    this.#pending.clear()
  }
}
