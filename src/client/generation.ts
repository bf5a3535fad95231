import type { TraceCarrier } from '../protocol/envelope.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { disconnected, disconnectMessage, rejectedBy } from './call-errors.ts'
import { CallSlots, type Lane } from './call-slots.ts'
import type { Channel } from './channel.ts'
import { decodeIncoming, type IncomingMessage } from './incoming-message.ts'
import { answerServer } from './server-requests.ts'

export interface GenerationEvents {
  /** @throws Error when the parameters cannot be decoded: then the generation ends */
  notified(method: string, params: unknown): void
  /** The connection is over, and why; all calls have been failed. Called once. */
  ended(message: string): void
}

export interface Request {
  readonly method: string
  readonly params: unknown
  readonly lane?: Lane
  readonly trace?: TraceCarrier | undefined
  readonly signal?: AbortSignal | undefined
}

interface PendingCall {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * One physical connection and the calls on it. Replies are matched by id, in any order. When it ends every pending call
 * fails, and nothing that arrives later is looked at.
 */
export class Generation {
  readonly #channel: Channel
  readonly #events: GenerationEvents
  readonly #slots = new CallSlots()
  readonly #pending = new Map<number, PendingCall>()
  #lastId = 0
  #isOver = false

  private constructor(channel: Channel, events: GenerationEvents) {
    this.#channel = channel
    this.#events = events
  }

  /** Reads from the first moment: a resumed session may push hundreds of events before it answers. */
  static start(channel: Channel, events: GenerationEvents): Generation {
    const generation = new Generation(channel, events)
    channel.start({
      received: text => generation.#received(text),
      ended: reason => generation.#end(disconnectMessage(reason)),
    })
    return generation
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /**
   * Sends a request. A caller that aborts is told at once and the late reply is ignored: there is no message that cancels.
   * @throws GatewayError `disconnected` when the connection breaks first; what the server refused
   */
  async call(request: Request): Promise<unknown> {
    request.signal?.throwIfAborted()
    if (this.#isOver) throw disconnected()
    using slot = this.#slots.take(request.lane ?? 'regular')
    if (slot === undefined) throw this.#refuse(request)
    return await this.#exchange(request)
  }

  notify(method: string, params: unknown): void {
    if (!this.#isOver) this.#channel.send(JSON.stringify({ method, params }))
  }

  /** Stops and resumes taking messages in, replies included. */
  pause(): void {
    this.#channel.pause()
  }

  resume(): void {
    this.#channel.resume()
  }

  /** Ends the generation now. Resolves when the channel has let go. */
  async close(message = disconnectMessage(undefined)): Promise<void> {
    this.#end(message)
    await this.#channel.close()
  }

  #exchange({ method, params, trace, signal }: Request): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    const text = encode(method, { id, method, params: params ?? null, trace })
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const aborted = () => this.#settle(id)?.reject(signal?.reason)
    const settled = () => signal?.removeEventListener('abort', aborted)
    this.#pending.set(id, {
      resolve: result => {
        settled()
        resolve(result)
      },
      reject: error => {
        settled()
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort carries the caller's own reason
        reject(error)
      },
    })
    signal?.addEventListener('abort', aborted, { once: true })
    this.#channel.send(text)
    return promise
  }

  /** A clean-up that has no place ends the connection, so that what it should have ended is at least let go of. */
  #refuse({ lane }: Request): GatewayError {
    if (lane !== 'cleanup') return CallSlots.refusal()
    void this.close()
    return disconnected()
  }

  #received(text: string): void {
    if (this.#isOver) return
    const message = decodeIncoming(text)
    switch (message.kind) {
      case 'response':
        return this.#settle(message.id)?.resolve(message.result)
      case 'error':
        return this.#settle(message.id)?.reject(rejectedBy(message))
      case 'notification':
        return this.#notified(message.method, message.params)
      case 'request':
        return this.#answer(message)
      case 'violation':
        void this.close()
    }
  }

  #notified(method: string, params: unknown): void {
    try {
      this.#events.notified(method, params)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      void this.close(`exec-server notification handling failed: ${detail}`)
    }
  }

  #answer(request: Extract<IncomingMessage, { kind: 'request' }>): void {
    const answer = answerServer(request)
    if (answer === undefined) void this.close('exec-server sent an invalid request ID')
    else this.#channel.send(answer)
  }

  #settle(id: unknown): PendingCall | undefined {
    const call = this.#pending.get(id as number)
    this.#pending.delete(id as number)
    return call
  }

  #end(message: string): void {
    if (this.#isOver) return
    this.#isOver = true
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) call.reject(disconnected())
    this.#events.ended(message)
  }
}

function encode(method: string, message: object): string {
  try {
    return JSON.stringify(message)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new GatewayError('invalidParams', `the parameters of ${method} cannot be sent: ${why}`, { cause: error })
  }
}
