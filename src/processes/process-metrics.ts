/** How a process ended, as far as the metrics tell. */
export type CompletionResult = 'success' | 'error' | 'terminated' | 'unknown'

/** Plain numbers about processes, moved by their guards and read by whoever reports them. */
export class ProcessMetrics {
  #active = 0
  readonly #finished: Record<CompletionResult, number> = { success: 0, error: 0, terminated: 0, unknown: 0 }

  /** Processes that run and have not been seen to exit. */
  get active(): number {
    return this.#active
  }

  get finished(): Readonly<Record<CompletionResult, number>> {
    return this.#finished
  }

  started(): void {
    this.#active += 1
  }

  completed(result: CompletionResult): void {
    this.#active -= 1
    this.#finished[result] += 1
  }
}

/**
 * Decides how a running process ended, once: the first claim wins whatever races. Dropped without a claim it counts
 * as `unknown`.
 */
export class Completion implements Disposable {
  readonly #metrics: ProcessMetrics
  #result: CompletionResult | undefined

  constructor(metrics: ProcessMetrics) {
    this.#metrics = metrics
    metrics.started()
  }

  get result(): CompletionResult | undefined {
    return this.#result
  }

  claim(result: CompletionResult): void {
    if (this.#result !== undefined) return
    this.#result = result
    this.#metrics.completed(result)
  }

  [Symbol.dispose](): void {
    this.claim('unknown')
  }
}
