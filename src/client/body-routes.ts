import type { GatewayError } from '../protocol/gateway-error.ts'
import { decodeBodyDelta } from './body-delta.ts'
import { ResponseBody, type BodyBudget } from './response-body.ts'

/** What the bodies of one client keep for readers that are behind. */
const limitBytes = 16 * 1024 * 1024

/** Where the pieces of streamed responses go: to the body that is awaited by that id, if any. */
export class BodyRoutes {
  readonly #bodies = new Map<string, ResponseBody>()
  readonly #budget: BodyBudget = { limitBytes, queuedBytes: 0 }
  readonly #forgotten = new FinalizationRegistry<() => void>(giveUp => giveUp())
  #lastNumber = 0

  /** A body with an id that no other has had, on whatever connection: late pieces of those find nobody. */
  create(): ResponseBody {
    this.#lastNumber += 1
    return new ResponseBody(`http-${this.#lastNumber}`, this.#budget)
  }

  /** To be called before the request is sent, as pieces may come before its reply. */
  add(body: ResponseBody): void {
    this.#bodies.set(body.requestId, body)
  }

  /** Lets go of a body nobody waits for any more. The server is not told: the protocol has no word for it. */
  remove(body: ResponseBody, reason: unknown): void {
    this.#bodies.delete(body.requestId)
    body.abandon(reason)
  }

  /**
   * Gives a body up that its reader has let go of without a word, such as one who only looked at the status: what is queued
   * would count for ever. `giveUp` must not lead back to the stream.
   */
  whenForgotten(stream: ReadableStream, giveUp: () => void): void {
    this.#forgotten.register(stream, giveUp)
  }

  /** @throws Error when the parameters cannot be decoded */
  notified(params: unknown): void {
    const delta = decodeBodyDelta(params)
    const body = this.#bodies.get(delta.requestId)
    body?.received(delta)
    if (body?.hasEnded === true) this.#bodies.delete(delta.requestId)
  }

  /** The connection is over; bodies are not taken up on another one. */
  failAll(error: GatewayError): void {
    const bodies = [...this.#bodies.values()]
    this.#bodies.clear()
    for (const body of bodies) body.fail(error)
  }
}
