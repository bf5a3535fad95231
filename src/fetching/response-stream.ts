import { bodyDeltaBytes, type HttpHeader } from '../protocol/http-schemas.ts'
import type { Fetch } from './fetch.ts'
import type { FetchMetrics } from './fetch-metrics.ts'
import type { InboundResponse } from './http-client.ts'

/** One notification about the body of a response. */
export interface BodyDelta {
  readonly requestId: string
  readonly seq: number
  readonly bytes: Buffer
  readonly done: boolean
  readonly error: string | null
}

/** Where bodies go: a connection, seen from here. */
export interface BodyOutlet {
  readonly hasRoom: boolean
  deliverBody(delta: BodyDelta): void
  /** Calls `roomMade` once there is room. The longest waiting comes first. */
  awaitRoom(waiter: RoomWaiter): void
  forget(waiter: RoomWaiter): void
}

export interface RoomWaiter {
  roomMade(): void
}

const nothing = Buffer.alloc(0)

export interface ResponseStreamOptions {
  readonly requestId: string
  readonly response: InboundResponse
  readonly fetch: Fetch
  readonly metrics: FetchMetrics
  /** Released when the stream is over: the fetch and the name of the stream. */
  readonly acquired: DisposableStack
}

/** A response whose headers are there and whose body is passed on as it comes. */
export class ResponseStream {
  readonly #options: ResponseStreamOptions

  constructor(options: ResponseStreamOptions) {
    this.#options = options
  }

  get status(): number {
    return this.#options.response.status
  }

  get headers(): HttpHeader[] {
    return [...this.#options.response.headers]
  }

  /**
   * Passes the body on, at the pace at which the outlet has room, and says how it ended. To be called once, when the
   * caller has been told of the headers. Resolves when the stream is over; never rejects.
   */
  async deliver(outlet: BodyOutlet): Promise<void> {
    const { requestId, fetch, acquired } = this.#options
    using _held = acquired
    const seq = { next: 1 }
    let error: string | null = null
    try {
      await this.#deliverBytes(outlet, seq)
      fetch.succeeded()
    } catch (thrown) {
      error = fetch.failed(thrown, 'failed to read http/request response body: ').message
    }
    // Whoever learns that the stream is over may use its name again.
    acquired.dispose()
    if (!fetch.isCancelled) outlet.deliverBody({ requestId, seq: seq.next, bytes: nothing, done: true, error })
  }

  async #deliverBytes(outlet: BodyOutlet, seq: { next: number }): Promise<void> {
    const { requestId, response, fetch, metrics } = this.#options
    for await (const chunk of response.body) {
      metrics.received(chunk.length)
      for (let offset = 0; offset < chunk.length; offset += bodyDeltaBytes) {
        await roomIn(outlet, fetch.signal)
        const bytes = chunk.subarray(offset, offset + bodyDeltaBytes)
        outlet.deliverBody({ requestId, seq: seq.next, bytes, done: false, error: null })
        seq.next += 1
      }
    }
  }
}

/** Resolves when there is room, for as long as nobody else takes it first. @throws the reason of the signal */
async function roomIn(outlet: BodyOutlet, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  while (!outlet.hasRoom) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = { roomMade: resolve }
    const wake = () => {
      resolve()
    }
    outlet.awaitRoom(waiter)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    signal.removeEventListener('abort', wake)
    outlet.forget(waiter)
    signal.throwIfAborted()
  }
}
