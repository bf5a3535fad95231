import type { Ledger } from '../lifecycle/ledger.ts'
import { encodeError, type RequestId, type RequestMessage } from '../protocol/envelope.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxIdBytes } from '../protocol/limits.ts'
import type { OutgoingMessage } from '../protocol/outgoing-message.ts'
import type { ConnectionMetrics } from './connection-metrics.ts'
import type { Answer, Dispatcher, RequestSource } from './dispatcher.ts'

export interface RequestsInFlightOptions {
  readonly dispatcher: Dispatcher
  readonly source: RequestSource
  readonly ledger: Ledger
  readonly metrics: ConnectionMetrics
  readonly maxRequests: number
  readonly reply: (message: OutgoingMessage) => void
}

/** The requests of one connection that have not been answered yet. */
export class RequestsInFlight {
  readonly #options: RequestsInFlightOptions
  readonly #answered = new Set<Promise<void>>()

  constructor(options: RequestsInFlightOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#answered.size
  }

  /** Has the request answered, or refuses it where a limit is reached. */
  serve(request: RequestMessage, receivedAt: number): void {
    const { dispatcher, source, maxRequests } = this.#options
    // The text of a string id carries two quotes.
    if (Buffer.byteLength(request.id) > maxIdBytes + 2) {
      return this.#refuse(request.id, 'maxIdBytes', maxIdBytes, `a request id has at most ${maxIdBytes} bytes`)
    }
    if (this.count >= maxRequests) {
      const text = `${maxRequests} requests of this connection are in flight, its limit; wait for an answer first`
      return this.#refuse(request.id, 'maxRequests', maxRequests, text)
    }
    const answer = dispatcher.answer(request, source, receivedAt)
    if (!(answer instanceof Promise)) return this.#answer(answer)
    const answered = this.#answerLater(answer)
    this.#answered.add(answered)
    void answered.then(() => this.#answered.delete(answered))
  }

  /** Resolves when all that are in flight now have been answered. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#answered)
  }

  async #answerLater(answer: Promise<Answer>): Promise<void> {
    using _held = this.#options.ledger.take('request')
    this.#answer(await answer)
  }

  #answer({ reply, sent }: Answer): void {
    if (reply !== undefined) this.#options.reply(reply)
    sent?.()
  }

  #refuse(id: RequestId, name: 'maxIdBytes' | 'maxRequests', value: number, text: string): void {
    this.#options.metrics.limitReached(name)
    const { code, message, data } = GatewayError.limit(name, value, text)
    this.#options.reply(encodeError(id, { code, message, data }))
  }
}
