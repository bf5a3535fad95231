import { setImmediate as nextTurn } from 'node:timers/promises'
import { pause } from '../client/deadline.ts'
import type { Timers } from '../lifecycle/timers.ts'

/** What time it is, in milliseconds since any moment, and waiting for it. */
export interface Clock {
  now(): number
  /** Returns at once when the time has passed. Rejects with the reason of the signal. */
  until(timeMs: number, signal: AbortSignal): Promise<void>
}

/** Timers come up to a millisecond late, which is many round trips on loopback: the last stretch is waited for turn by turn. */
const timerLatenessMs = 1.5

export function realClock(timers: Timers): Clock {
  return {
    now: () => performance.now(),
    until: async (timeMs, signal) => {
      const restMs = timeMs - performance.now()
      if (restMs > timerLatenessMs) await pause(timers, restMs - timerLatenessMs, signal)
      while (performance.now() < timeMs) {
        await nextTurn()
        signal.throwIfAborted()
      }
    },
  }
}
