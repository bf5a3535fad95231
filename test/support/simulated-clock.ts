import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/load/clock.ts'

interface Waiter {
  readonly timeMs: number
  readonly resolve: () => void
}

/** Time that passes only when everybody waits for it. */
export class SimulatedClock implements Clock {
  #nowMs = 0
  #waiting: Waiter[] = []

  now(): number {
    return this.#nowMs
  }

  async until(timeMs: number): Promise<void> {
    if (timeMs <= this.#nowMs) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ timeMs, resolve })
    await promise
  }

  /** Lets time pass from one thing that is waited for to the next, until the work is done. */
  async passDuring<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const settled = work.finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (;;) {
      await nextTurn()
      if (isDone) return await settled
      this.#waiting.sort((one, other) => one.timeMs - other.timeMs)
      const next = this.#waiting.shift()
      if (next === undefined) throw new Error('nobody waits for anything, and the work is not done')
      this.#nowMs = next.timeMs
      next.resolve()
    }
  }
}
