import type { Timers } from '../lifecycle/timers.ts'

/** Why a closed process is forgotten: its time is over, or there is no room for it. */
export type DropReason = 'retention' | 'limit'

/** The limit there is no room beneath. */
export type ClosedLimit = 'maxClosedProcesses' | 'closedOutputBytes'

interface Retained {
  readonly dropAt: number
  readonly bytes: number
  readonly drop: (reason: DropReason, limit?: ClosedLimit) => void
}

export interface ClosedProcessLimits {
  readonly closedProcessMs: number
  readonly maxClosedProcesses: number
  /** Output of closed processes together. */
  readonly closedOutputBytes: number
}

/**
 * Closed processes that are still readable, the longest closed first. One timer serves all of them, since they expire in
 * the order they closed. When there are too many, or they hold too much output, the oldest goes early.
 */
export class ClosedProcesses {
  readonly #timers: Timers
  readonly #limits: ClosedProcessLimits
  readonly #retained = new Set<Retained>()
  #expiry: Disposable | undefined

  #bytes = 0

  constructor(timers: Timers, limits: ClosedProcessLimits) {
    this.#timers = timers
    this.#limits = limits
  }

  get count(): number {
    return this.#retained.size
  }

  /** Output they hold together. */
  get bytes(): number {
    return this.#bytes
  }

  /** Calls `drop` once the retention of so many bytes is over. Disposing what is returned forgets about it. */
  retain(bytes: number, drop: (reason: DropReason, limit?: ClosedLimit) => void): Disposable {
    const { closedProcessMs, maxClosedProcesses, closedOutputBytes } = this.#limits
    const retained: Retained = { dropAt: performance.now() + closedProcessMs, bytes, drop }
    this.#retained.add(retained)
    this.#bytes += bytes
    this.#expiry ??= this.#timers.after(closedProcessMs, this.#dropExpired)
    while (this.#retained.size > maxClosedProcesses) this.#dropOldest('limit', 'maxClosedProcesses')
    while (this.#bytes > closedOutputBytes) this.#dropOldest('limit', 'closedOutputBytes')
    return {
      [Symbol.dispose]: () => {
        this.#forget(retained)
      },
    }
  }

  #dropOldest(reason: DropReason, limit?: ClosedLimit): void {
    const [oldest] = this.#retained
    if (oldest === undefined) return
    this.#forget(oldest)
    oldest.drop(reason, limit)
  }

  #forget(retained: Retained): void {
    if (!this.#retained.delete(retained)) return
    this.#bytes -= retained.bytes
    if (this.#retained.size === 0) this.#stopTimer()
  }

  readonly #dropExpired = (): void => {
    this.#expiry = undefined
    const now = performance.now()
    for (const { dropAt } of this.#retained) {
      if (dropAt > now) {
        this.#expiry = this.#timers.after(dropAt - now, this.#dropExpired)
        return
      }
      this.#dropOldest('retention')
    }
  }

  #stopTimer(): void {
    this.#expiry?.[Symbol.dispose]()
    this.#expiry = undefined
  }
}
