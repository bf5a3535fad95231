import type { Timers } from './timers.ts'

/** Less is not worth the pause. */
export const leastSpareBytes = 16 * 1024 * 1024

export interface SpareMemoryOptions {
  readonly timers: Timers
  /** How long nothing has to happen: between once and twice as long passes. */
  readonly afterMs: number
  /** A number that changes whenever something happens. */
  readonly activity: () => number
  readonly residentBytes: () => number
  /** Gives back what can be given back. */
  readonly release: () => void
  /** Told how much that was, and how long it took. */
  readonly released: (bytes: number, durationMs: number) => void
}

/**
 * Gives back to the operating system what a time of work has left behind: garbage, the large young generation it is made in, and what
 * the allocator keeps. Nobody would do so otherwise while nothing happens. It stops the program for a moment, so it waits until
 * nobody is likely to notice, and until it is worth it.
 */
export class SpareMemory implements Disposable {
  readonly #options: SpareMemoryOptions
  readonly #timer: Disposable
  #activity = Number.NaN
  /** What was resident after the last time: that much is needed. */
  #neededBytes = 0

  constructor(options: SpareMemoryOptions) {
    this.#options = options
    this.#timer = options.timers.every(options.afterMs, this.#look)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  readonly #look = (): void => {
    const { activity, residentBytes, release, released } = this.#options
    const before = this.#activity
    this.#activity = activity()
    if (this.#activity !== before) return
    const resident = residentBytes()
    if (resident < this.#neededBytes + leastSpareBytes) return
    const startedAt = performance.now()
    release()
    this.#neededBytes = residentBytes()
    released(Math.max(resident - this.#neededBytes, 0), performance.now() - startedAt)
  }
}
