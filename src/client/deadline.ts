import { setMaxListeners } from 'node:events'
import type { Timers } from '../lifecycle/timers.ts'

/** A signal that aborts with another one, or by itself after a while. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** The time begins anew, unless it is disposed. */
  restart(): void
}

/**
 * Derives a signal with a time limit; undefined is no limit. Disposing it stops the clock and lets go of the other signal.
 */
export function withDeadline(
  timers: Timers,
  signal: AbortSignal | undefined,
  afterMs: number | undefined,
  reason: () => Error,
): Deadline {
  const abort = new AbortController()
  // Each process that is caught up with listens.
  setMaxListeners(0, abort.signal)
  const follow = () => abort.abort(signal?.reason)
  if (signal?.aborted === true) follow()
  signal?.addEventListener('abort', follow, { once: true })
  const startClock = () => (afterMs === undefined ? undefined : timers.after(afterMs, () => abort.abort(reason())))
  let clock = startClock()
  return {
    signal: abort.signal,
    restart: () => {
      if (clock === undefined) return
      clock[Symbol.dispose]()
      clock = startClock()
    },
    [Symbol.dispose]: () => {
      clock?.[Symbol.dispose]()
      clock = undefined
      signal?.removeEventListener('abort', follow)
    },
  }
}

/** Resolves after a while; rejects with the reason of the signal when that comes first. */
export async function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  using _timer = timers.after(ms, resolve)
  await orAborted(promise, signal)
}

/** Waits, but no longer than the signal allows: rejects with its reason. What is awaited goes on. */
export async function orAborted<Value>(awaited: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return awaited
  const { promise, reject } = Promise.withResolvers<never>()
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort carries the reason of whoever aborted
  const aborted = () => reject(signal.reason)
  if (signal.aborted) aborted()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([awaited, promise])
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}
