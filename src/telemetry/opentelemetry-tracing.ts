import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { ATTR_ERROR_TYPE, ATTR_RPC_METHOD, ATTR_RPC_SYSTEM_NAME } from '@opentelemetry/semantic-conventions'
import type { TraceCarrier } from '../protocol/envelope.ts'
import { type ErrorKind, errorKinds } from '../protocol/gateway-error.ts'
import type { ConnectionSpan, ProcessLife, RequestSpan, SpanIds, SpawnPhase, SpawnSpan, Tracing } from './tracing.ts'

/** A peer's own string becomes an attribute no longer than this. */
const maxMethodLength = 64
/** A process id longer than this is not recorded. */
const maxProcessIdBytes = 64

const propagator = new W3CTraceContextPropagator()

type RequestStart = Parameters<ConnectionSpan['startRequest']>[0]

/** Spans of a gateway. The one of the whole run is the parent of what comes on standard input without a trace. */
export class OpenTelemetryTracing implements Tracing, Disposable {
  readonly #tracer: Tracer
  readonly #run: Span

  constructor(tracer: Tracer) {
    this.#tracer = tracer
    this.#run = tracer.startSpan('codex.exec_server', { kind: SpanKind.INTERNAL }, ROOT_CONTEXT)
  }

  startConnection({ id, transport }: { id: string; transport: 'stdio' | 'websocket' }): ConnectionSpan {
    const attributes = { 'exec.connection.id': id, 'exec.transport': transport }
    const span = this.#tracer.startSpan('connection', { kind: SpanKind.INTERNAL, attributes }, ROOT_CONTEXT)
    return {
      startRequest: request => this.#startRequest(request, id, transport === 'stdio' ? this.#run : undefined, span),
      end: () => {
        span.end()
      },
    }
  }

  [Symbol.dispose](): void {
    this.#run.end()
  }

  #startRequest(request: RequestStart, connectionId: string, parent: Span | undefined, connection: Span): RequestSpan {
    const remote = remoteContext(request.carrier)
    const context = remote ?? (parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent))
    const span = this.#tracer.startSpan(
      request.method,
      {
        kind: SpanKind.SERVER,
        startTime: performance.timeOrigin + request.receivedAt,
        attributes: {
          method: request.wireMethod.slice(0, maxMethodLength),
          [ATTR_RPC_SYSTEM_NAME]: 'jsonrpc',
          [ATTR_RPC_METHOD]: request.method,
          'exec.connection.id': connectionId,
          ...(request.sessionId !== undefined && { 'exec.session.id': request.sessionId }),
        },
        // A connection lives for hours: as its child a request would wait for a sampler that decides by whole traces.
        links: remote === undefined && parent === undefined ? [{ context: connection.spanContext() }] : [],
      },
      context,
    )
    return new OpenRequestSpan(this.#tracer, span, context, request.receivedAt)
  }
}

class OpenRequestSpan implements RequestSpan {
  readonly ids: SpanIds
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  readonly #receivedAt: number

  constructor(tracer: Tracer, span: Span, context: Context, receivedAt: number) {
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(context, span)
    this.#receivedAt = receivedAt
    this.ids = idsOf(span)
  }

  dispatched(): void {
    this.#span.setAttribute('rpc.dispatch_offset_ns', this.#sinceReceiptNs())
  }

  startSpawn(processId: string): SpawnSpan {
    return new OpenSpawnSpan(this.#tracer, this.#context, processAttributes(processId))
  }

  end({ result, errorKind }: { result: string; errorKind: ErrorKind | undefined }): void {
    this.#span.setAttribute('result', result)
    this.#span.setAttribute('rpc.response_enqueue_offset_ns', this.#sinceReceiptNs())
    if (errorKind !== undefined) this.#span.setAttribute(ATTR_ERROR_TYPE, errorKind)
    if (errorKind !== undefined && errorKinds[errorKind].isServerFault)
      this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end()
  }

  #sinceReceiptNs(): number {
    return Math.round((performance.now() - this.#receivedAt) * 1e6)
  }
}

class OpenSpawnSpan implements SpawnSpan {
  readonly ids: SpanIds
  readonly carrier: TraceCarrier
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #request: Span | undefined
  readonly #attributes: Attributes
  #isEnded = false

  constructor(tracer: Tracer, context: Context, attributes: Attributes) {
    this.#tracer = tracer
    this.#attributes = attributes
    this.#request = trace.getSpan(context)
    this.#span = tracer.startSpan('process spawn', { kind: SpanKind.INTERNAL, attributes }, context)
    this.ids = idsOf(this.#span)
    this.carrier = carrierOf(trace.setSpan(context, this.#span))
  }

  reached(phase: SpawnPhase): void {
    this.#span.addEvent(phase)
  }

  end(outcome: 'success' | 'refused' | 'cancelled'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#span.setAttribute('result', outcome)
    if (outcome === 'refused') this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end()
  }

  recordExit({ startedAt, endedAt, firstOutputAt, attributes }: ProcessLife): void {
    const links = this.#request === undefined ? [] : [{ context: this.#request.spanContext() }]
    const span = this.#tracer.startSpan(
      'process exit',
      { kind: SpanKind.INTERNAL, startTime: startedAt, attributes: { ...this.#attributes, ...attributes }, links },
      ROOT_CONTEXT,
    )
    if (firstOutputAt !== undefined) span.addEvent('first output', undefined, firstOutputAt)
    span.end(endedAt)
  }
}

/** The context of a carrier; `undefined` when there is none or it cannot be read. */
function remoteContext(carrier: TraceCarrier | undefined): Context | undefined {
  if (carrier?.traceparent === undefined) return undefined
  const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
  return trace.getSpanContext(context) === undefined ? undefined : context
}

function carrierOf(context: Context): TraceCarrier {
  const carrier: { traceparent?: string; tracestate?: string } = {}
  propagator.inject(context, carrier, defaultTextMapSetter)
  return { traceparent: carrier.traceparent, tracestate: carrier.tracestate }
}

function idsOf(span: Span): SpanIds {
  const { traceId, spanId } = span.spanContext()
  return { trace_id: traceId, span_id: spanId }
}

function processAttributes(processId: string): Attributes {
  const bytes = Buffer.byteLength(processId)
  return bytes > 0 && bytes <= maxProcessIdBytes ? { 'exec.process.id': processId } : {}
}
