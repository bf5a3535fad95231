import type { Timers } from '../lifecycle/timers.ts'

interface Retained {
  readonly dropAt: number
  readonly drop: () => void
}

/**
 * Closed processes that are still readable, the longest closed first. One timer serves all of them, since they expire in
 * the order they closed. When there are too many the oldest goes early.
 */
export class ClosedProcesses {
  readonly #timers: Timers
  readonly #retentionMs: number
  readonly #maxCount: number
  readonly #retained = new Set<Retained>()
  #expiry: Disposable | undefined

  constructor(timers: Timers, limits: { readonly closedProcessMs: number; readonly maxClosedProcesses: number }) {
    this.#timers = timers
    this.#retentionMs = limits.closedProcessMs
    this.#maxCount = limits.maxClosedProcesses
  }

  get count(): number {
    return this.#retained.size
  }

  /** Calls `drop` once the retention is over. Disposing what is returned forgets about it. */
  retain(drop: () => void): Disposable {
    const retained: Retained = { dropAt: performance.now() + this.#retentionMs, drop }
    this.#retained.add(retained)
    if (this.#retained.size > this.#maxCount) this.#dropOldest()
    this.#expiry ??= this.#timers.after(this.#retentionMs, this.#dropExpired)
    return {
      [Symbol.dispose]: () => {
        this.#retained.delete(retained)
        if (this.#retained.size === 0) this.#stopTimer()
      },
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#retained
    if (oldest === undefined) return
    this.#retained.delete(oldest)
    oldest.drop()
  }

  readonly #dropExpired = (): void => {
    this.#expiry = undefined
    const now = performance.now()
    for (const { dropAt } of this.#retained) {
      if (dropAt > now) {
        this.#expiry = this.#timers.after(dropAt - now, this.#dropExpired)
        return
      }
      this.#dropOldest()
    }
  }

  #stopTimer(): void {
    this.#expiry?.[Symbol.dispose]()
    this.#expiry = undefined
  }
}
