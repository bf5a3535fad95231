import type { MethodName } from '../protocol/method-table.ts'

export type RequestResult = 'success' | 'error' | 'disconnected'
/** A registered method, or `unknown`: the wire's own string never becomes a name. */
export type CountedMethod = MethodName | 'unknown'

/** Told by the dispatcher about every request, once when it is over. */
export interface RequestObserver {
  completed(method: CountedMethod, result: RequestResult, durationMs: number): void
}

/** Plain numbers about requests, read by whoever reports them. */
export class RequestMetrics implements RequestObserver {
  readonly #counts = new Map<CountedMethod, Record<RequestResult, number>>()

  completed(method: CountedMethod, result: RequestResult): void {
    let counts = this.#counts.get(method)
    if (counts === undefined) this.#counts.set(method, (counts = { success: 0, error: 0, disconnected: 0 }))
    counts[result] += 1
  }

  count(method: CountedMethod, result: RequestResult): number {
    return this.#counts.get(method)?.[result] ?? 0
  }
}
