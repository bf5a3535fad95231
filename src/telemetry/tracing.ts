import type { TraceCarrier } from '../protocol/envelope.ts'
import type { ErrorKind } from '../protocol/gateway-error.ts'

/** Ids of a span, as records of the log carry them. */
export interface LoggedSpanIds {
  readonly trace_id: string
  readonly span_id: string
}

/** The span of a request, open until its reply is queued. */
export interface RequestSpan {
  readonly ids: LoggedSpanIds
  /** The handler starts now. */
  dispatched(): void
  /** Opens the span of a process being started. */
  startSpawn(processId: string): SpawnSpan
  end(outcome: { readonly result: string; readonly errorKind: ErrorKind | undefined }): void
}

/** The phases of a start, in their order. */
export type SpawnPhase = 'queued' | 'sandbox prepared' | 'spawned'

/** The span of a start, open until the process runs or cannot. */
export interface SpawnSpan {
  readonly ids: LoggedSpanIds
  /** What the process may take up the trace with. */
  readonly carrier: TraceCarrier
  reached(phase: SpawnPhase): void
  end(outcome: 'success' | 'refused' | 'cancelled'): void
  /** Records the whole life of the process as a span of its own, once it is over. */
  recordExit(life: ProcessLife): void
}

/** Numbers about a process that has ended; nothing that tells what it was. */
export interface ProcessLife {
  /** As `performance.now()` tells. */
  readonly startedAt: number
  readonly endedAt: number
  readonly firstOutputAt: number | undefined
  /** Asked for when nobody waits any more. */
  readonly attributes: () => Readonly<Record<string, string | number | boolean>>
}

/** A connection as the trace sees it. */
export interface ConnectionSpan {
  /** The span of a request that came on this connection. */
  startRequest(request: {
    /** A registered method, or `unknown`. */
    readonly method: string
    /** What the peer calls it. */
    readonly wireMethod: string
    readonly carrier: TraceCarrier | undefined
    readonly sessionId: string | undefined
    /** `performance.now()` when it was received. */
    readonly receivedAt: number
  }): RequestSpan
  end(): void
}

/** Opens spans. Absent while tracing is off: then nothing is spent on it. */
export interface Tracing {
  startConnection(connection: { readonly id: string; readonly transport: 'stdio' | 'websocket' }): ConnectionSpan
}
