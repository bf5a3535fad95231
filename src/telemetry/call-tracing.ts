import type * as OpenTelemetry from '@opentelemetry/api'
import { ATTR_ERROR_TYPE, ATTR_RPC_METHOD, ATTR_RPC_SYSTEM_NAME } from '@opentelemetry/semantic-conventions'
import type { TraceCarrier } from '../protocol/envelope.ts'

/** The parts of `@opentelemetry/api` that a caller hands over, usually all of it; nothing of the SDK is needed. */
export interface OpenTelemetryApi {
  readonly trace: Pick<OpenTelemetry.TraceAPI, 'getTracer'>
  readonly context: Pick<OpenTelemetry.ContextAPI, 'active'>
  readonly SpanKind: typeof OpenTelemetry.SpanKind
  readonly SpanStatusCode: typeof OpenTelemetry.SpanStatusCode
}

/** The span of one call, open until the caller is told how it ended. */
export interface CallSpan {
  /** What the server takes up the trace with. */
  readonly carrier: TraceCarrier | undefined
  /** `errorKind` tells how the call failed. */
  end(errorKind?: string): void
}

/** Opens a span for each call of a client. */
export interface CallTracing {
  startCall(method: string): CallSpan
}

/**
 * Spans of kind CLIENT, children of whatever is active where the call is made. They carry the method and how it ended, and
 * nothing of its parameters.
 */
export function traceCalls(api: OpenTelemetryApi): CallTracing {
  const tracer = api.trace.getTracer('execgate/client')
  return {
    startCall: method => {
      const attributes = { method, [ATTR_RPC_SYSTEM_NAME]: 'jsonrpc', [ATTR_RPC_METHOD]: method }
      const span = tracer.startSpan(method, { kind: api.SpanKind.CLIENT, attributes }, api.context.active())
      return {
        carrier: carrierOf(span),
        end: errorKind => {
          if (errorKind !== undefined) {
            span.setAttribute(ATTR_ERROR_TYPE, errorKind)
            span.setStatus({ code: api.SpanStatusCode.ERROR })
          }
          span.end()
        },
      }
    },
  }
}

/** W3C Trace Context. Undefined for a span without ids, which leads nowhere. */
function carrierOf(span: OpenTelemetry.Span): TraceCarrier | undefined {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined
  const flags = traceFlags.toString(16).padStart(2, '0')
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: traceState?.serialize() }
}
