import type { ErrorKind } from '../protocol/gateway-error.ts'
import type { MethodName } from '../protocol/method-table.ts'
import { type AttributeValue, limitNames } from '../telemetry/catalogue.ts'
import { createInstruments, type Instruments } from '../telemetry/instruments.ts'

export type RequestResult = AttributeValue<'requests', 'result'>
/** A registered method, or `unknown`: the wire's own string never becomes a name. */
export type CountedMethod = MethodName | 'unknown'

/** A request that is over. */
export interface CompletedRequest {
  readonly method: CountedMethod
  readonly result: RequestResult
  /** From receipt to dispatch. */
  readonly queuedMs: number
  /** From dispatch to the reply being queued. */
  readonly durationMs: number
}

/** Told by the dispatcher about every request, once when it is over. */
export interface RequestObserver {
  completed(request: CompletedRequest): void
  failed(kind: ErrorKind, limit: string | undefined): void
}

/** What happens to requests, counted. */
export class RequestMetrics implements RequestObserver {
  readonly #count: Instruments

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
  }

  completed({ method, result, queuedMs, durationMs }: CompletedRequest): void {
    this.#count.requests.add({ method, result })
    this.#count.requestDuration.record(durationMs / 1000, { method, result })
    this.#count.requestQueueDuration.record(queuedMs / 1000, { method })
    this.#count.requestTotalDuration.record((queuedMs + durationMs) / 1000, { method, result })
  }

  failed(kind: ErrorKind, limit: string | undefined): void {
    this.#count.requestErrors.add({ kind })
    const known = limitNames.find(name => name === limit)
    // The others are counted where they are kept.
    if (known === 'maxReplyBytes' || known === 'maxNamePatterns' || known === 'maxIdBytes') {
      this.#count.limitsReached.add({ limit: known })
    }
  }

  count(method: CountedMethod, result: RequestResult): number {
    return this.#count.requests.value({ method, result })
  }
}
