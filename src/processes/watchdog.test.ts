import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SystemError } from '../libc/system-error.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { Watchdog } from './watchdog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A watchdog of shells that the test ends, and lets start or not. */
function watchdogOf() {
  const ledger = new Ledger()
  const system = { isFull: false, attempts: 0, living: 0, end: () => {} }
  const watchdog = Watchdog.start({
    start: (_argv, ended) => {
      system.attempts += 1
      if (system.isFull) throw new SystemError(24)
      system.living += 1
      system.end = () => {
        system.living -= 1
        ended()
      }
      return { [Symbol.dispose]: () => {} }
    },
    instance: 'mark',
    log: pino({ level: 'silent' }),
    timers: new Timers(ledger),
  })
  return { watchdog, system, ledger }
}

it('is started again when it was killed, as soon as the system allows it', () => {
  const { system } = watchdogOf()
  vi.advanceTimersByTime(1000)
  system.isFull = true
  system.end()
  vi.advanceTimersByTime(5000)
  expect(system).toMatchObject({ living: 0, attempts: 3 })
  system.isFull = false
  vi.advanceTimersByTime(5000)
  expect(system).toMatchObject({ living: 1, attempts: 4 })
})

it('is not started again once it is not wanted any more, and leaves no timer behind', async () => {
  const { watchdog, system, ledger } = watchdogOf()
  vi.advanceTimersByTime(1000)
  system.isFull = true
  system.end()
  await watchdog[Symbol.asyncDispose]()
  expect(ledger.outstanding()).toEqual({})
  vi.advanceTimersByTime(60_000)
  expect(system.attempts).toBe(2)
})
