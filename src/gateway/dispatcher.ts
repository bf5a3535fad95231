import type { Logger } from 'pino'
import { explainIssues } from '../protocol/decoder-text.ts'
import { encodeError, encodeReply, type RequestMessage } from '../protocol/envelope.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxReplyBytes } from '../protocol/limits.ts'
import { isMethodName, type MethodFamily, methods } from '../protocol/method-table.ts'
import { shorten } from '../protocol/text-excerpt.ts'
import type { Session } from '../sessions/session.ts'
import type { Caller, Handlers, RequestContext } from './handlers/handlers.ts'
import type { RequestObserver, RequestResult } from './request-metrics.ts'

/** What the dispatcher asks of the connection a request came on. */
export interface RequestSource extends Caller {
  /** The session of the connection. @throws GatewayError while the handshake does not allow the family */
  gate(family: MethodFamily): Session
  /** Aborted when the connection ends. */
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
   * Answers one request with the encoded reply; `undefined` when nobody waits for it any more. Never rejects. Runs up to
   * the handler's first wait before it returns, so requests take effect in the order they arrive.
   */
  async answer(request: RequestMessage, source: RequestSource): Promise<string | undefined> {
    const startedAt = performance.now()
    const counted = isMethodName(request.method) ? request.method : 'unknown'
    let result: RequestResult = 'success'
    let reply: string | undefined
    try {
      reply = bounded(encodeReply(request.id, await this.#handle(request, source)))
    } catch (thrown) {
      const error = GatewayError.from(thrown)
      result = 'error'
      if (error.cause !== undefined) this.#log.debug({ err: error.cause, method: counted }, 'request failed')
      reply = encodeError(request.id, { code: error.code, message: error.message, data: error.data })
    }
    if (source.signal.aborted && isGone(source.signal)) {
      result = 'disconnected'
      reply = undefined
    }
    this.#observer.completed(counted, result, performance.now() - startedAt)
    return reply
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

function isGone(signal: AbortSignal): boolean {
  return signal.reason instanceof Disconnected
}

function bounded(reply: string): string {
  if (reply.length <= maxReplyBytes) return reply
  throw GatewayError.limit(
    'maxReplyBytes',
    maxReplyBytes,
    `the reply would take ${reply.length} bytes, more than the ${maxReplyBytes} a client accepts; ask for less with maxBytes`,
  )
}
