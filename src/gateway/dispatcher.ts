import type { Logger } from 'pino'
import { explainIssues } from '../protocol/decoder-text.ts'
import { encodeError, encodeReply, type RequestId, type RequestMessage } from '../protocol/envelope.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxReplyBytes } from '../protocol/limits.ts'
import { isMethodName, type MethodFamily, methods } from '../protocol/method-table.ts'
import { shorten } from '../protocol/text-excerpt.ts'
import type { Session } from '../sessions/session.ts'
import type { Caller, Handlers, RequestContext } from './handlers/handlers.ts'
import type { CountedMethod, RequestObserver, RequestResult } from './request-metrics.ts'

/** What the dispatcher asks of the connection a request came on. */
export interface RequestSource extends Caller {
  /** The session of the connection. @throws GatewayError while the handshake does not allow the family */
  gate(family: MethodFamily): Session
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal
}

/** A request on its way through. */
interface StartedRequest {
  readonly id: RequestId
  readonly method: CountedMethod
  readonly at: number
  readonly signal: AbortSignal
}

type AnyHandler = (params: unknown, context: Partial<RequestContext>) => unknown

/** The one place that sees every request: decodes, checks the handshake, calls the handler, answers, and counts. */
export class Dispatcher {
  readonly #handlers: Handlers
  readonly #observer: RequestObserver
  readonly #log: Logger

  constructor(options: { handlers: Handlers; observer: RequestObserver; log: Logger }) {
    this.#handlers = options.handlers
    this.#observer = options.observer
    this.#log = options.log
  }

  /**
   * Answers one request with the encoded reply; `undefined` when nobody waits for it any more. Never throws. Runs up to
   * the handler's first wait before it returns, so requests take effect in the order they arrive, and those that need
   * not wait are answered in that order too.
   */
  answer(request: RequestMessage, source: RequestSource): string | undefined | Promise<string | undefined> {
    const started: StartedRequest = {
      id: request.id,
      method: isMethodName(request.method) ? request.method : 'unknown',
      at: performance.now(),
      signal: source.signal,
    }
    try {
      const result = this.#handle(request, source)
      if (!(result instanceof Promise)) return this.#succeeded(started, result)
      return result.then(
        settled => this.#succeeded(started, settled),
        (thrown: unknown) => this.#failed(started, thrown),
      )
    } catch (thrown) {
      return this.#failed(started, thrown)
    }
  }

  #succeeded(request: StartedRequest, result: unknown): string | undefined {
    const reply = encodeReply(request.id, result)
    return reply.length > maxReplyBytes
      ? this.#failed(request, replyTooLong(reply.length))
      : this.#completed(request, 'success', reply)
  }

  #failed(request: StartedRequest, thrown: unknown): string | undefined {
    const error = GatewayError.from(thrown)
    if (error.cause !== undefined) this.#log.debug({ err: error.cause, method: request.method }, 'request failed')
    const { code, message, data } = error
    return this.#completed(request, 'error', encodeError(request.id, { code, message, data }))
  }

  #completed(request: StartedRequest, result: RequestResult, reply: string): string | undefined {
    const isGone = request.signal.reason instanceof Disconnected
    this.#observer.completed(request.method, isGone ? 'disconnected' : result, performance.now() - request.at)
    return isGone ? undefined : reply
  }

  #handle(request: RequestMessage, source: RequestSource): unknown {
    const { method } = request
    if (!isMethodName(method)) {
      throw new GatewayError('methodNotFound', `exec-server stub does not implement \`${shorten(method)}\` yet`)
    }
    const { family, params: schema } = methods[method]
    const decoded = schema.safeParse(request.params)
    if (!decoded.success) {
      const { message, field, value } = explainIssues(decoded.error, request.params)
      throw new GatewayError('invalidParams', message, {
        data: { ...(field !== undefined && { field }), ...(value !== undefined && { value }) },
      })
    }
    const handler = this.#handlers[method] as AnyHandler
    return handler(decoded.data, {
      caller: source,
      signal: source.signal,
      ...(family !== undefined && { session: source.gate(family) }),
    })
  }
}

/** The connection is over, as opposed to ending in order: the answer has nowhere to go. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected'
}

function replyTooLong(bytes: number): GatewayError {
  return GatewayError.limit(
    'maxReplyBytes',
    maxReplyBytes,
    `the reply would take ${bytes} bytes, more than the ${maxReplyBytes} a client accepts; ask for less with maxBytes`,
  )
}
