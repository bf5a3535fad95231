import type { ErrorKind } from '../protocol/gateway-error.ts'
import { type CallerLimit, type LimitName, limitNames } from '../protocol/limit-names.ts'
import type { MethodName } from '../protocol/method-table.ts'
import { type AttributeValue, countedMethods, type MetricAttributes } from '../telemetry/catalogue.ts'
import { type Cell, createInstruments, type Instruments } from '../telemetry/instruments.ts'

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
  failed(kind: ErrorKind, limit: LimitName | CallerLimit | undefined): void
}

interface CountedResults {
  readonly attributes: MetricAttributes<'requestQueueDuration'>
  readonly results: Readonly<
    Record<RequestResult, { readonly attributes: MetricAttributes<'requests'>; readonly cell: Cell }>
  >
}

/** What happens to requests, counted. */
export class RequestMetrics implements RequestObserver {
  readonly #count: Instruments
  /** Looked up once: every request passes here. */
  readonly #methods: ReadonlyMap<CountedMethod, CountedResults>

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
    this.#methods = new Map(
      countedMethods.map(method => {
        const counted = (result: RequestResult) => {
          const attributes = { method, result }
          return { attributes, cell: instruments.requests.at(attributes) }
        }
        const results = {
          success: counted('success'),
          error: counted('error'),
          disconnected: counted('disconnected'),
        }
        return [method, { attributes: { method }, results }]
      }),
    )
  }

  completed({ method, result, queuedMs, durationMs }: CompletedRequest): void {
    const counted = this.#methods.get(method)
    if (counted === undefined) return
    const { attributes, cell } = counted.results[result]
    cell.add()
    this.#count.requestDuration.record(durationMs / 1000, attributes)
    this.#count.requestQueueDuration.record(queuedMs / 1000, counted.attributes)
    this.#count.requestTotalDuration.record((queuedMs + durationMs) / 1000, attributes)
  }

  failed(kind: ErrorKind, limit: LimitName | CallerLimit | undefined): void {
    this.#count.requestErrors.add({ kind })
    const known = limitNames.find(name => name === limit)
    if (known !== undefined) this.#count.limitsReached.add({ limit: known })
  }

  count(method: CountedMethod, result: RequestResult): number {
    return this.#count.requests.value({ method, result })
  }
}
