import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Link,
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
import type { Afterwards } from './afterwards.ts'
import type { ConnectionSpan, ProcessLife, RequestSpan, SpanIds, SpawnPhase, SpawnSpan, Tracing } from './tracing.ts'
import { WallClock } from './wall-clock.ts'

/** A peer's own string becomes an attribute no longer than this. */
const maxMethodLength = 64
/** A process id longer than this is not recorded. */
const maxProcessIdBytes = 64

const propagator = new W3CTraceContextPropagator()

type RequestStart = Parameters<ConnectionSpan['startRequest']>[0]

/**
 * Spans of a gateway. The one of the whole run is the parent of what comes on standard input without a trace.
 *
 * What a request waits for is only that a span has its ids. All else about it is noted and told to the SDK afterwards.
 */
export class OpenTelemetryTracing implements Tracing, Disposable {
  readonly #tracer: Tracer
  readonly #afterwards: Afterwards
  readonly #clock = new WallClock()
  readonly #run: Span

  constructor(tracer: Tracer, afterwards: Afterwards) {
    this.#tracer = tracer
    this.#afterwards = afterwards
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
    const isRoot = remote === undefined && parent === undefined
    return new OpenRequestSpan({
      tracer: this.#tracer,
      afterwards: this.#afterwards,
      offsetMs: this.#clock.offsetMs(),
      context,
      // A connection lives for hours: as its child a request would wait for a sampler that decides by whole traces.
      links: isRoot ? [{ context: connection.spanContext() }] : [],
      request,
      connectionId,
    })
  }
}

interface RequestSpanOptions {
  readonly tracer: Tracer
  readonly afterwards: Afterwards
  readonly offsetMs: number
  readonly context: Context
  readonly links: Link[]
  readonly request: RequestStart
  readonly connectionId: string
}

class OpenRequestSpan implements RequestSpan {
  readonly ids: SpanIds
  readonly #options: RequestSpanOptions
  readonly #span: Span
  #dispatchedAt: number | undefined

  constructor(options: RequestSpanOptions) {
    const { tracer, offsetMs, context, links, request } = options
    this.#options = options
    const startTime = offsetMs + request.receivedAt
    this.#span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, startTime, links }, context)
    this.ids = idsOf(this.#span)
  }

  dispatched(): void {
    this.#dispatchedAt = performance.now()
  }

  startSpawn(processId: string): SpawnSpan {
    const { tracer, afterwards, offsetMs, context } = this.#options
    return new OpenSpawnSpan({ tracer, afterwards, offsetMs, context, request: this.#span, processId })
  }

  end({ result, errorKind }: { result: string; errorKind: ErrorKind | undefined }): void {
    const endedAt = performance.now()
    const span = this.#span
    const { afterwards, offsetMs, request, connectionId } = this.#options
    afterwards.add(() => {
      span.setAttributes({
        method: request.wireMethod.slice(0, maxMethodLength),
        [ATTR_RPC_SYSTEM_NAME]: 'jsonrpc',
        [ATTR_RPC_METHOD]: request.method,
        'exec.connection.id': connectionId,
        ...(request.sessionId !== undefined && { 'exec.session.id': request.sessionId }),
        ...(this.#dispatchedAt !== undefined && { 'rpc.dispatch_offset_ns': this.#sinceReceiptNs(this.#dispatchedAt) }),
        'rpc.response_enqueue_offset_ns': this.#sinceReceiptNs(endedAt),
        result,
        ...(errorKind !== undefined && { [ATTR_ERROR_TYPE]: errorKind }),
      })
      if (errorKind !== undefined && errorKinds[errorKind].isServerFault) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(offsetMs + endedAt)
    })
  }

  #sinceReceiptNs(at: number): number {
    return Math.round((at - this.#options.request.receivedAt) * 1e6)
  }
}

interface SpawnSpanOptions {
  readonly tracer: Tracer
  readonly afterwards: Afterwards
  readonly offsetMs: number
  /** What the span of the request was opened in. */
  readonly context: Context
  readonly request: Span
  readonly processId: string
}

class OpenSpawnSpan implements SpawnSpan {
  readonly ids: SpanIds
  readonly #options: SpawnSpanOptions
  readonly #span: Span
  readonly #context: Context
  readonly #phases: { readonly phase: SpawnPhase; readonly at: number }[] = []
  #isEnded = false

  constructor(options: SpawnSpanOptions) {
    this.#options = options
    const { tracer, context, request, offsetMs } = options
    this.#context = trace.setSpan(context, request)
    const startTime = offsetMs + performance.now()
    this.#span = tracer.startSpan('process spawn', { kind: SpanKind.INTERNAL, startTime }, this.#context)
    this.ids = idsOf(this.#span)
  }

  get carrier(): TraceCarrier {
    return carrierOf(trace.setSpan(this.#context, this.#span))
  }

  reached(phase: SpawnPhase): void {
    this.#phases.push({ phase, at: performance.now() })
  }

  end(outcome: 'success' | 'refused' | 'cancelled'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const endedAt = performance.now()
    const span = this.#span
    const { afterwards, offsetMs, processId } = this.#options
    afterwards.add(() => {
      for (const { phase, at } of this.#phases) span.addEvent(phase, undefined, offsetMs + at)
      span.setAttributes({ ...processAttributes(processId), result: outcome })
      if (outcome === 'refused') span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(offsetMs + endedAt)
    })
  }

  recordExit({ startedAt, endedAt, firstOutputAt, attributes }: ProcessLife): void {
    const { tracer, afterwards, offsetMs, request, processId } = this.#options
    afterwards.add(() => {
      const span = tracer.startSpan(
        'process exit',
        {
          kind: SpanKind.INTERNAL,
          startTime: offsetMs + startedAt,
          attributes: { ...processAttributes(processId), ...attributes() },
          links: [{ context: request.spanContext() }],
        },
        ROOT_CONTEXT,
      )
      if (firstOutputAt !== undefined) span.addEvent('first output', undefined, offsetMs + firstOutputAt)
      span.end(offsetMs + endedAt)
    })
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
