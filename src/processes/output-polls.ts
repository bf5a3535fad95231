import type { Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'

/** The requester is about to leave in order: its polls are answered with what there is. */
export class PollsEnded extends Error {
  override readonly name = 'PollsEnded'
}

interface Poll {
  check(): void
  fail(error: Error): void
}

/**
 * Readers that wait for something to report. Each is looked at again after every event, so an event between two looks
 * cannot be missed.
 */
export class OutputPolls {
  readonly #ledger: Ledger
  readonly #timers: Timers
  readonly #waiting = new Set<Poll>()

  constructor(ledger: Ledger, timers: Timers) {
    this.#ledger = ledger
    this.#timers = timers
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  get count(): number {
    return this.#waiting.size
  }

  /**
   * Resolves when `isReady` holds, the time is over, or the polls are ended; `undefined` when there is nothing to wait for.
   * @throws the reason of the signal, or the error given to `failAll`
   */
  wait(isReady: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> | undefined {
    if (isReady() || waitMs === 0 || signal.reason instanceof PollsEnded) return undefined
    return this.#wait(isReady, waitMs, signal)
  }

  /** Something happened: every waiting reader looks again. */
  wake(): void {
    for (const poll of this.#waiting) poll.check()
  }

  failAll(error: Error): void {
    for (const poll of this.#waiting) poll.fail(error)
  }

  async #wait(isReady: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    using _held = this.#ledger.take('poll')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    using _deadline = this.#timers.after(waitMs, resolve)
    const poll: Poll = {
      check: () => {
        if (isReady()) resolve()
      },
      fail: reject,
    }
    const aborted = () => {
      if (signal.reason instanceof PollsEnded) resolve()
      else reject(signal.reason as Error)
    }
    signal.addEventListener('abort', aborted)
    this.#waiting.add(poll)
    try {
      await promise
    } finally {
      this.#waiting.delete(poll)
      signal.removeEventListener('abort', aborted)
    }
  }
}
