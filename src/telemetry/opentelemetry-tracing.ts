import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace'
import { ATTR_ERROR_TYPE, ATTR_RPC_METHOD, ATTR_RPC_SYSTEM_NAME } from '@opentelemetry/semantic-conventions'
import type { TraceCarrier } from '../protocol/envelope.ts'
import { type ErrorKind, errorKinds } from '../protocol/gateway-error.ts'
import type { Afterwards } from './afterwards.ts'
import type { SpanIds } from './span-ids.ts'
import type {
  ConnectionSpan,
  LoggedSpanIds,
  ProcessLife,
  RequestSpan,
  SpawnPhase,
  SpawnSpan,
  Tracing,
} from './tracing.ts'
import { WallClock } from './wall-clock.ts'

/** A peer's own string becomes an attribute no longer than this. */
const maxMethodLength = 64
/** A process id longer than this is not recorded. */
const maxProcessIdBytes = 64

const propagator = new W3CTraceContextPropagator()

type RequestStart = Parameters<ConnectionSpan['startRequest']>[0]

export interface TracingOptions {
  readonly tracer: Tracer
  /** The ones the tracer has. */
  readonly sampler: Sampler
  readonly ids: SpanIds
  readonly afterwards: Afterwards
}

/**
 * Spans of a gateway. The one of the whole run is the parent of what comes on standard input without a trace.
 *
 * Nothing waits for a span to be made: what happens is noted and told to the SDK afterwards. Only when somebody has to be
 * told of a span before, such as the process that is started, its ids are drawn and whether it is kept is decided.
 */
export class OpenTelemetryTracing implements Tracing, Disposable {
  readonly #options: TracingOptions
  readonly #clock = new WallClock()
  readonly #run: Span

  constructor(options: TracingOptions) {
    this.#options = options
    this.#run = options.tracer.startSpan('codex.exec_server', { kind: SpanKind.INTERNAL }, ROOT_CONTEXT)
  }

  startConnection({ id, transport }: { id: string; transport: 'stdio' | 'websocket' }): ConnectionSpan {
    const { tracer } = this.#options
    const attributes = { 'exec.connection.id': id, 'exec.transport': transport }
    const span = tracer.startSpan('connection', { kind: SpanKind.INTERNAL, attributes }, ROOT_CONTEXT)
    const stdioParent = transport === 'stdio' ? trace.setSpan(ROOT_CONTEXT, this.#run) : undefined
    return {
      startRequest: request => this.#startRequest(request, id, stdioParent, span),
      end: () => {
        span.end()
      },
    }
  }

  [Symbol.dispose](): void {
    this.#run.end()
  }

  #startRequest(
    request: RequestStart,
    connectionId: string,
    local: Context | undefined,
    connection: Span,
  ): RequestSpan {
    const parent = remoteContext(request.carrier) ?? local
    return new OpenRequestSpan({
      ...this.#options,
      offsetMs: this.#clock.offsetMs(),
      parent: parent ?? ROOT_CONTEXT,
      // A connection lives for hours: as its child a request would wait for a sampler that decides by whole traces.
      links: parent === undefined ? [{ context: connection.spanContext() }] : [],
      request,
      connectionId,
    })
  }
}

interface RequestSpanOptions extends TracingOptions {
  readonly offsetMs: number
  readonly parent: Context
  readonly links: Link[]
  readonly request: RequestStart
  readonly connectionId: string
}

class OpenRequestSpan implements RequestSpan {
  readonly #options: RequestSpanOptions
  #promised: SpanContext | undefined
  #dispatchedAt: number | undefined

  constructor(options: RequestSpanOptions) {
    this.#options = options
  }

  get ids(): LoggedSpanIds {
    return loggedIds(this.#context)
  }

  dispatched(): void {
    this.#dispatchedAt = performance.now()
  }

  startSpawn(processId: string): SpawnSpan {
    return new OpenSpawnSpan({ ...this.#options, request: this.#context, processId })
  }

  end({ result, errorKind }: { result: string; errorKind: ErrorKind | undefined }): void {
    const endedAt = performance.now()
    this.#options.afterwards.add(() => {
      const { tracer, ids, offsetMs, parent, links, request, connectionId } = this.#options
      const startTime = offsetMs + request.receivedAt
      const attributes = {
        method: request.wireMethod.slice(0, maxMethodLength),
        [ATTR_RPC_SYSTEM_NAME]: 'jsonrpc',
        [ATTR_RPC_METHOD]: request.method,
        'exec.connection.id': connectionId,
        ...(request.sessionId !== undefined && { 'exec.session.id': request.sessionId }),
        ...(this.#dispatchedAt !== undefined && { 'rpc.dispatch_offset_ns': this.#sinceReceiptNs(this.#dispatchedAt) }),
        'rpc.response_enqueue_offset_ns': this.#sinceReceiptNs(endedAt),
        result,
        ...(errorKind !== undefined && { [ATTR_ERROR_TYPE]: errorKind }),
      }
      const options = { kind: SpanKind.SERVER, startTime, links, attributes }
      const span = ids.keeping(this.#promised, () => tracer.startSpan(request.method, options, parent))
      if (errorKind !== undefined && errorKinds[errorKind].isServerFault) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(offsetMs + endedAt)
    })
  }

  /** What can be told of the span before it is made. */
  get #context(): SpanContext {
    const { sampler, ids, parent, links, request } = this.#options
    this.#promised ??= promise({ sampler, ids, parent, links, name: request.method, kind: SpanKind.SERVER })
    return this.#promised
  }

  #sinceReceiptNs(at: number): number {
    return Math.round((at - this.#options.request.receivedAt) * 1e6)
  }
}

interface SpawnSpanOptions extends TracingOptions {
  readonly offsetMs: number
  readonly request: SpanContext
  readonly processId: string
}

class OpenSpawnSpan implements SpawnSpan {
  readonly #options: SpawnSpanOptions
  readonly #promised: SpanContext
  readonly #startedAt = performance.now()
  readonly #phases: { readonly phase: SpawnPhase; readonly at: number }[] = []
  #isEnded = false

  constructor(options: SpawnSpanOptions) {
    this.#options = options
    // Samplers that are configured by name keep a child of a span that is kept.
    this.#promised = { ...options.request, spanId: options.ids.generateSpanId() }
  }

  get ids(): LoggedSpanIds {
    return loggedIds(this.#promised)
  }

  get carrier(): TraceCarrier {
    const { traceId, spanId, traceFlags, traceState } = this.#promised
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      tracestate: traceState?.serialize(),
    }
  }

  reached(phase: SpawnPhase): void {
    this.#phases.push({ phase, at: performance.now() })
  }

  end(outcome: 'success' | 'refused' | 'cancelled'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const endedAt = performance.now()
    this.#options.afterwards.add(() => {
      const { tracer, ids, offsetMs, request, processId } = this.#options
      const startTime = offsetMs + this.#startedAt
      const attributes = { ...processAttributes(processId), result: outcome }
      const options = { kind: SpanKind.INTERNAL, startTime, attributes }
      const parent = trace.setSpanContext(ROOT_CONTEXT, request)
      const span = ids.keeping(this.#promised, () => tracer.startSpan('process spawn', options, parent))
      for (const { phase, at } of this.#phases) span.addEvent(phase, undefined, offsetMs + at)
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
          links: [{ context: request }],
        },
        ROOT_CONTEXT,
      )
      if (firstOutputAt !== undefined) span.addEvent('first output', undefined, offsetMs + firstOutputAt)
      span.end(offsetMs + endedAt)
    })
  }
}

interface FutureSpan {
  readonly sampler: Sampler
  readonly ids: SpanIds
  readonly parent: Context
  readonly links: Link[]
  readonly name: string
  readonly kind: SpanKind
}

/** Decides what the SDK will decide when the span is made. */
function promise({ sampler, ids, parent, links, name, kind }: FutureSpan): SpanContext {
  const parentSpan = trace.getSpanContext(parent)
  const traceId = parentSpan?.traceId ?? ids.generateTraceId()
  const { decision, traceState = parentSpan?.traceState } = sampler.shouldSample(parent, traceId, name, kind, {}, links)
  return {
    traceId,
    spanId: ids.generateSpanId(),
    traceFlags: decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE,
    ...(traceState !== undefined && { traceState }),
  }
}

/** The context of a carrier; `undefined` when there is none or it cannot be read. */
function remoteContext(carrier: TraceCarrier | undefined): Context | undefined {
  if (carrier?.traceparent === undefined) return undefined
  const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
  return trace.getSpanContext(context) === undefined ? undefined : context
}

function loggedIds({ traceId, spanId }: SpanContext): LoggedSpanIds {
  return { trace_id: traceId, span_id: spanId }
}

function processAttributes(processId: string): Attributes {
  const bytes = Buffer.byteLength(processId)
  return bytes > 0 && bytes <= maxProcessIdBytes ? { 'exec.process.id': processId } : {}
}
