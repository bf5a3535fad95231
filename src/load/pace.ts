/** How much is done in a run: so many operations, or whatever is begun within a time. */
export type Extent = { readonly iterations: number } | { readonly durationMs: number }

/** When operations begin. Times are milliseconds since the start of the run. */
export interface Pace {
  /** When the next operation is due, for a worker that is free at `elapsedMs`; undefined when there is none. */
  next(elapsedMs: number): number | undefined
  /** How much of the run is behind it, from 0 to 1. */
  share(elapsedMs: number): number
}

/**
 * An open loop: operations are due at a constant rate, whether or not earlier ones are done. A server that stalls is asked
 * for everything that was due meanwhile, and each of these waits is seen. Gil Tene, "How NOT to Measure Latency".
 */
export class ConstantRate implements Pace {
  readonly #intervalMs: number
  readonly #count: number
  #handedOut = 0

  constructor(perSecond: number, extent: Extent) {
    this.#intervalMs = 1000 / perSecond
    this.#count = 'iterations' in extent ? extent.iterations : Math.ceil(extent.durationMs / this.#intervalMs)
  }

  next(): number | undefined {
    if (this.#handedOut === this.#count) return undefined
    const dueMs = this.#handedOut * this.#intervalMs
    this.#handedOut += 1
    return dueMs
  }

  share(): number {
    return this.#handedOut / this.#count
  }
}

/** A closed loop: each worker begins the next operation when its last one is done. A server that stalls is asked less. */
export class WhenFree implements Pace {
  readonly #extent: Extent
  #handedOut = 0

  constructor(extent: Extent) {
    this.#extent = extent
  }

  next(elapsedMs: number): number | undefined {
    const isOver =
      'iterations' in this.#extent ? this.#handedOut === this.#extent.iterations : elapsedMs >= this.#extent.durationMs
    if (isOver) return undefined
    this.#handedOut += 1
    return elapsedMs
  }

  share(elapsedMs: number): number {
    const share =
      'iterations' in this.#extent ? this.#handedOut / this.#extent.iterations : elapsedMs / this.#extent.durationMs
    return Math.min(share, 1)
  }
}
