import type { Logger } from 'pino'
import { BytesResult } from '../protocol/bytes-result.ts'
import { explainIssues } from '../protocol/decoder-text.ts'
import {
  encodeBytesReply,
  encodeError,
  encodeReply,
  type RequestId,
  type RequestMessage,
} from '../protocol/envelope.ts'
import { type ErrorData, type ErrorKind, GatewayError } from '../protocol/gateway-error.ts'
import { maxReplyBytes } from '../protocol/limits.ts'
import { isMethodName, type MethodFamily, methods } from '../protocol/method-table.ts'
import { byteLengthOf, lengthOf, type OutgoingMessage } from '../protocol/outgoing-message.ts'
import { shorten } from '../protocol/text-excerpt.ts'
import type { Session } from '../sessions/session.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { ConnectionSpan, RequestSpan } from '../telemetry/tracing.ts'
import type { Caller, Handlers, RequestContext } from './handlers/handlers.ts'
import type { CountedMethod, RequestObserver, RequestResult } from './request-metrics.ts'

/** What the dispatcher asks of the connection a request came on. */
export interface RequestSource extends Caller {
  /** The session of the connection. @throws GatewayError while the handshake does not allow the family */
  gate(family: MethodFamily): Session
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal
  /** Aborted then, or before, when nothing is waited for any more but what has been begun. */
  readonly patience: AbortSignal
  /** The id of the session, once there is one. */
  readonly sessionId: string | undefined
  /** Where the spans of its requests belong; `undefined` while tracing is off. */
  readonly span: ConnectionSpan | undefined
}

/** What becomes of a request. */
export interface Answer {
  /** The encoded reply; `undefined` when nobody waits for it any more. */
  readonly reply: OutgoingMessage | undefined
  /** To be called when the reply has been sent or dropped. */
  readonly sent: (() => void) | undefined
}

/** A request on its way through. */
interface StartedRequest {
  readonly id: RequestId
  readonly method: CountedMethod
  readonly receivedAt: number
  readonly dispatchedAt: number
  readonly signal: AbortSignal
  readonly span: RequestSpan | undefined
  /** What its handler wants done after the reply. */
  afterwards: (() => void) | undefined
}

type AnyHandler = (
  params: unknown,
  context: Omit<RequestContext, 'session'> & { readonly session: Session | undefined },
) => unknown

/** The one place that sees every request: decodes, checks the handshake, calls the handler, answers, and counts. */
export class Dispatcher {
  readonly #handlers: Handlers
  readonly #observer: RequestObserver
  readonly #log: Logger
  readonly #telemetry: Telemetry

  constructor(options: { handlers: Handlers; observer: RequestObserver; log: Logger; telemetry: Telemetry }) {
    this.#telemetry = options.telemetry
    this.#handlers = options.handlers
    this.#observer = options.observer
    this.#log = options.log
  }

  /**
   * Answers one request. Never throws. Runs up to the handler's first wait before it returns, so requests take effect in the order they
   * arrive, and those that need not wait are answered in that order too.
   */
  answer(request: RequestMessage, source: RequestSource, receivedAt = performance.now()): Answer | Promise<Answer> {
    const started = begin(request, source, receivedAt)
    try {
      const result = this.#handleInSpan(request, source, started)
      if (!(result instanceof Promise)) return this.#succeeded(started, result)
      return result.then(
        settled => this.#succeeded(started, settled),
        (thrown: unknown) => this.#failed(started, thrown),
      )
    } catch (thrown) {
      return this.#failed(started, thrown)
    }
  }

  /** Answers a request that is not looked into. */
  refuse(request: RequestMessage, source: RequestSource, receivedAt: number, refusal: GatewayError): Answer {
    return this.#failed(begin(request, source, receivedAt), refusal)
  }

  #succeeded(request: StartedRequest, result: unknown): Answer {
    const reply = result instanceof BytesResult ? encodeBytesReply(request.id, result) : encodeReply(request.id, result)
    const bytes = bytesBeyond(maxReplyBytes, reply)
    return bytes === undefined ? this.#completed(request, 'success', reply) : this.#failed(request, replyTooLong(bytes))
  }

  #failed(request: StartedRequest, thrown: unknown): Answer {
    if (isAbortedBy(thrown, request.signal.reason)) return this.#completed(request, 'disconnected', undefined)
    const error = GatewayError.from(thrown)
    this.#observer.failed(error.kind, error.data?.limit?.name)
    if (error.kind === 'internal') {
      this.#log.error({ err: error.cause, method: request.method, ...request.span?.ids }, 'request failed')
    }
    const { code, message } = error
    const data = this.#errorData(error, request.span)
    return this.#completed(request, 'error', encodeError(request.id, { code, message, data }), error.kind)
  }

  /** What went wrong inside is for the log; the trace id leads there. */
  #errorData({ kind, data }: GatewayError, span: RequestSpan | undefined): ErrorData | undefined {
    return kind === 'internal' && span !== undefined ? { ...data, traceId: span.ids.trace_id } : data
  }

  #completed(
    request: StartedRequest,
    settled: RequestResult,
    reply: OutgoingMessage | undefined,
    errorKind?: ErrorKind,
  ): Answer {
    const { method, receivedAt, dispatchedAt, span } = request
    const isGone = request.signal.reason instanceof Disconnected
    const result = isGone ? 'disconnected' : settled
    const durationMs = performance.now() - dispatchedAt
    this.#observer.completed({ method, result, queuedMs: dispatchedAt - receivedAt, durationMs })
    span?.end({ result, errorKind })
    return { reply: isGone ? undefined : reply, sent: request.afterwards }
  }

  /** What is logged up to the handler's first wait carries the ids of the span. */
  #handleInSpan(request: RequestMessage, source: RequestSource, started: StartedRequest): unknown {
    const telemetry = this.#telemetry
    telemetry.active = started.span
    try {
      return this.#handle(request, source, started)
    } finally {
      telemetry.active = undefined
    }
  }

  #handle(request: RequestMessage, source: RequestSource, started: StartedRequest): unknown {
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
    const { span, receivedAt } = started
    const handler = this.#handlers[method] as AnyHandler
    span?.dispatched()
    return handler(decoded.data, {
      caller: source,
      signal: source.signal,
      patience: source.patience,
      span,
      receivedAt,
      afterReply: action => {
        started.afterwards = action
      },
      session: family === undefined ? undefined : source.gate(family),
    })
  }
}

function begin(request: RequestMessage, source: RequestSource, receivedAt: number): StartedRequest {
  const method: CountedMethod = isMethodName(request.method) ? request.method : 'unknown'
  return {
    id: request.id,
    method,
    receivedAt,
    dispatchedAt: performance.now(),
    signal: source.signal,
    span: source.span?.startRequest({
      method,
      wireMethod: request.method,
      carrier: request.trace,
      sessionId: source.sessionId,
      receivedAt,
    }),
    afterwards: undefined,
  }
}

/** The connection is over, as opposed to ending in order: the answer has nowhere to go. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected'
}

/** Whether a request ended only because its connection had. What Node.js aborts names the reason as its cause. */
function isAbortedBy(thrown: unknown, reason: unknown): boolean {
  if (!(reason instanceof Disconnected)) return false
  return thrown === reason || (thrown instanceof Error && thrown.cause === reason)
}

/** The bytes of a message that has more than the limit. A character takes three at most, so that few are measured. */
function bytesBeyond(limit: number, message: OutgoingMessage): number | undefined {
  if (lengthOf(message) * 3 <= limit) return undefined
  const bytes = byteLengthOf(message)
  return bytes > limit ? bytes : undefined
}

function replyTooLong(bytes: number): GatewayError {
  return GatewayError.limit(
    'maxReplyBytes',
    maxReplyBytes,
    `the reply would take ${bytes} bytes, more than the ${maxReplyBytes} a client accepts; ask for less`,
  )
}
