import type { Guard, Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { DeadlineExceeded, type FetchResult, reasonOf, resultOf } from './fetch-failure.ts'
import type { FetchMetrics, FetchMode } from './fetch-metrics.ts'

export interface FetchOptions {
  readonly mode: FetchMode
  /** `undefined` waits for ever. */
  readonly timeoutMs: number | undefined
  /** Aborted when the caller has gone, and nobody waits for the response any more. */
  readonly signal: AbortSignal
  readonly ledger: Ledger
  readonly timers: Timers
  readonly metrics: FetchMetrics
}

/**
 * One request that is made for a caller, from its start to the end of the response: its deadline, its guard, its result.
 * When nobody waits any more, it is over at once, whatever is left to clean up.
 */
export class Fetch implements Disposable {
  readonly #options: FetchOptions
  readonly #abort = new AbortController()
  readonly #held: Guard
  readonly #startedAt = performance.now()
  readonly #deadline: Disposable | undefined
  #result: FetchResult = 'cancelled'
  #isOver = false

  constructor(options: FetchOptions) {
    const { ledger, metrics, mode, signal, timeoutMs, timers } = options
    this.#options = options
    this.#held = ledger.take('fetch')
    metrics.started(mode)
    signal.addEventListener('abort', this.#cancel)
    if (signal.aborted) this.#cancel()
    else if (timeoutMs === 0) this.#expire()
    else if (timeoutMs !== undefined) this.#deadline = timers.after(timeoutMs, this.#expire)
  }

  /** Aborted when the deadline is over or nobody waits any more. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Aborted when the caller has gone. The same for all requests of one caller. */
  get caller(): AbortSignal {
    return this.#options.signal
  }

  /** Whether nobody waits for the response any more. */
  get isCancelled(): boolean {
    return this.#options.signal.aborted
  }

  succeeded(): void {
    this.#result = 'success'
  }

  /**
   * Takes note of why it failed.
   * @returns what to tell the caller, beginning with `prefix`
   */
  failed(error: unknown, prefix: string): GatewayError {
    this.#result = resultOf(error)
    if (error instanceof GatewayError) return error
    const reason = this.isCancelled ? 'the connection is ending' : reasonOf(error)
    return new GatewayError('refused', prefix + reason, { cause: error })
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return
    this.#isOver = true
    const { metrics, mode, signal } = this.#options
    signal.removeEventListener('abort', this.#cancel)
    this.#deadline?.[Symbol.dispose]()
    metrics.ended(mode, this.#result, performance.now() - this.#startedAt)
    this.#held[Symbol.dispose]()
  }

  readonly #expire = (): void => {
    this.#abort.abort(new DeadlineExceeded('the time that the request was given is over'))
  }

  readonly #cancel = (): void => {
    this.#abort.abort(this.#options.signal.reason)
    this[Symbol.dispose]()
  }
}
