/** As long as the two clocks differ by less, the steady one decides: `Date.now` only knows milliseconds. */
const toleranceMs = 5

/**
 * Unix time of moments that `performance.now()` told. That clock is steady but never learns of the corrections the clock of
 * the system gets, which add up over weeks.
 */
export class WallClock {
  #offsetMs = performance.timeOrigin

  /** Adds to a moment of `performance.now()` to make Unix time of it, in milliseconds. Ask once for each span. */
  offsetMs(): number {
    const offsetMs = Date.now() - performance.now()
    if (Math.abs(offsetMs - this.#offsetMs) > toleranceMs) this.#offsetMs = offsetMs
    return this.#offsetMs
  }
}
