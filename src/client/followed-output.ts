import { GatewayError } from '../protocol/gateway-error.ts'
import type { OutputStream } from '../protocol/process-schemas.ts'
import { type EventSubscription, lagged } from './event-log.ts'
import type { RemoteProcess } from './remote-process.ts'

/** A piece of what a process wrote. Pieces end anywhere, also within a character. */
export interface Output {
  readonly seq: number
  /** `pty` for everything a terminal shows. */
  readonly stream: OutputStream
  readonly bytes: Buffer
}

/**
 * The whole output of one process, in order and once, from what is pushed alone. Retained output is only read where something
 * is missing: the follower fell behind, or came late.
 */
export class FollowedOutput {
  readonly #process: RemoteProcess
  readonly #subscription: EventSubscription
  readonly #signal: AbortSignal | undefined
  #lastSeq = 0
  #hasExited = false
  #isClosed = false

  constructor(process: RemoteProcess, subscription: EventSubscription, signal?: AbortSignal) {
    this.#process = process
    this.#subscription = subscription
    this.#signal = signal
  }

  /**
   * Ends when the process is closed.
   * @throws GatewayError `processFailed` or `sessionLost` when it cannot be followed, `outputLost` when something is gone
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Output, void> {
    while (!this.#isClosed) {
      const event = await this.#subscription.next(this.#signal)
      if (event?.type === 'failed') throw this.#process.failure ?? new GatewayError('processFailed', event.message)
      if (event === undefined || event === lagged || event.type === 'lagged') {
        yield* this.#retained()
        // Nothing will follow, whatever the read said.
        if (event === undefined) return
        continue
      }
      if (event.seq > this.#lastSeq + 1) yield* this.#retained()
      if (event.seq > this.#lastSeq + 1) throw this.#lost()
      if (event.seq <= this.#lastSeq) continue
      this.#lastSeq = event.seq
      if (event.type === 'output') yield event
      else if (event.type === 'exited') this.#hasExited = true
      else this.#isClosed = true
    }
  }

  async *#retained(): AsyncGenerator<Output, void> {
    const afterSeq = this.#lastSeq
    const page = await this.#process.read({ afterSeq, signal: this.#signal })
    if (page.failure !== null) throw this.#process.failure ?? new GatewayError('processFailed', page.failure)
    const ends = (page.exited && !this.#hasExited ? 1 : 0) + (page.closed ? 1 : 0)
    if (page.nextSeq - 1 - afterSeq > page.chunks.length + ends) throw this.#lost()
    this.#lastSeq = Math.max(afterSeq, page.nextSeq - 1)
    this.#hasExited = page.exited
    this.#isClosed = page.closed
    for (const { seq, stream, chunk } of page.chunks) yield { seq, stream, bytes: Buffer.from(chunk, 'base64') }
  }

  #lost(): GatewayError {
    return new GatewayError('outputLost', `output of process ${this.#process.id} was evicted before it was read`)
  }
}
