import type { Ledger } from './ledger.ts'

/**
 * The only place that starts timers, so that each one is counted and none outlives its owner unnoticed.
 * A timer is a guard: disposing it before it fires cancels it.
 */
export class Timers {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Runs `action` once after `delayMs`. */
  after(delayMs: number, action: () => void): Disposable {
    const guard = this.#ledger.take('timer')
    const timer = setTimeout(() => {
      guard[Symbol.dispose]()
      action()
    }, held(delayMs))
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer)
        guard[Symbol.dispose]()
      },
    }
  }

  /** Runs `action` every `periodMs` until disposed. Does not keep the program alive. */
  every(periodMs: number, action: () => void): Disposable {
    const guard = this.#ledger.take('timer')
    const timer = setInterval(action, held(periodMs))
    timer.unref()
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer)
        guard[Symbol.dispose]()
      },
    }
  }
}

/** Delays beyond 24 days are capped, which is what a timer can hold. */
function held(delayMs: number): number {
  return Math.min(delayMs, 2 ** 31 - 1)
}
