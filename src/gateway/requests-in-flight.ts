import type { Ledger } from '../lifecycle/ledger.ts'
import type { RequestMessage } from '../protocol/envelope.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxIdBytes } from '../protocol/limits.ts'
import type { OutgoingMessage } from '../protocol/outgoing-message.ts'
import type { Answer, Dispatcher, RequestSource } from './dispatcher.ts'

export interface RequestsInFlightOptions {
  readonly dispatcher: Dispatcher
  readonly source: RequestSource
  readonly ledger: Ledger
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
    const { dispatcher, source } = this.#options
    const refusal = this.#refusal(request)
    if (refusal !== undefined) return this.#answer(dispatcher.refuse(request, source, receivedAt, refusal))
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

  #refusal({ id }: RequestMessage): GatewayError | undefined {
    const { maxRequests } = this.#options
    // The text of a string id carries two quotes. A character takes three bytes at most, so that few are measured.
    if (id.length * 3 > maxIdBytes + 2 && Buffer.byteLength(id) > maxIdBytes + 2) {
      return GatewayError.limit('maxIdBytes', maxIdBytes, `a request id has at most ${maxIdBytes} bytes`)
    }
    if (this.count < maxRequests) return undefined
    const text = `${maxRequests} requests of this connection are in flight, its limit; wait for an answer first`
    return GatewayError.limit('maxRequests', maxRequests, text)
  }
}
