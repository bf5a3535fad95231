import { GatewayError } from '../protocol/gateway-error.ts'
import type { BodyDelta } from './body-delta.ts'
import { protocolViolation } from './call-errors.ts'

/** Pieces of one body that wait for their reader. */
const queuedDeltas = 256

/** What all bodies of a client together may keep for their readers. */
export interface BodyBudget {
  readonly limitBytes: number
  queuedBytes: number
}

/**
 * The body of one streamed response: takes the pieces as they come and keeps them for its one reader. Nothing tells the server
 * to wait, so a reader that falls too far behind loses the body, and only that one.
 */
export class ResponseBody {
  readonly requestId: string
  readonly #budget: BodyBudget
  readonly #queue: Buffer[] = []
  #lastSeq = 0
  /** Set once nothing more is taken; the reader comes to it after what is queued. */
  #end: { readonly error?: unknown } | undefined
  #news = Promise.withResolvers<void>()

  constructor(requestId: string, budget: BodyBudget) {
    this.requestId = requestId
    this.#budget = budget
  }

  /** Whether pieces that come from now on are ignored. */
  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  /** Takes a piece in. Pieces are numbered from 1; one that is out of turn ends the body, after what came before it. */
  received({ seq, bytes, isLast, problem }: BodyDelta): void {
    if (this.hasEnded) return
    const expected = this.#lastSeq + 1
    if (seq !== expected) {
      const received = `http response stream \`${this.requestId}\` received seq ${seq}, expected ${expected}`
      return this.#finish({ error: protocolViolation(received) })
    }
    this.#lastSeq = seq
    if (problem !== undefined) return this.#finish({ error: new GatewayError('refused', this.#failureText(problem)) })
    const refusal = this.#enqueue(bytes)
    if (refusal !== undefined) this.#finish({ error: refusal })
    else if (isLast) this.#finish({})
  }

  /** The connection that carried it is over: fails at once, whatever is queued. */
  fail({ kind, message }: GatewayError): void {
    this.abandon(new GatewayError(kind, this.#failureText(message)))
  }

  /** Lets go of what is queued and fails the reader with the reason, as nobody wants the rest. */
  abandon(reason: unknown): void {
    for (const bytes of this.#queue.splice(0)) this.#budget.queuedBytes -= bytes.length
    this.#finish({ error: reason })
  }

  /**
   * The next piece, now or later; undefined at the end of a complete body. For one reader at a time.
   * @throws GatewayError why the body is not complete; the reason of whoever abandoned it
   */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const bytes = this.#queue.shift()
      if (bytes !== undefined) {
        this.#budget.queuedBytes -= bytes.length
        return bytes
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return undefined
      }
      await this.#news.promise
    }
  }

  /** Keeps a piece for the reader. Returns why it cannot. */
  #enqueue(bytes: Buffer): GatewayError | undefined {
    if (bytes.length === 0) return undefined
    if (this.#queue.length >= queuedDeltas) {
      const message = this.#failureText('body delta channel filled before delivery')
      return GatewayError.limit('queuedDeltas', queuedDeltas, message)
    }
    const { limitBytes } = this.#budget
    if (this.#budget.queuedBytes + bytes.length > limitBytes) {
      const message = this.#failureText(`queued body deltas exceed ${limitBytes} bytes`)
      return GatewayError.limit('queuedBodyBytes', limitBytes, message)
    }
    this.#budget.queuedBytes += bytes.length
    this.#queue.push(bytes)
    this.#tell()
    return undefined
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end = end
    this.#tell()
  }

  #tell(): void {
    const news = this.#news
    this.#news = Promise.withResolvers<void>()
    news.resolve()
  }

  #failureText(problem: string): string {
    return protocolViolation(`http response stream \`${this.requestId}\` failed: ${problem}`).message
  }
}
