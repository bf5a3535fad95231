import { expect, it } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { realClock } from './clock.ts'

const never = new AbortController().signal

it('never comes back before the time, however fine it is', async () => {
  const clock = realClock(new Timers(new Ledger()))
  for (const aheadMs of [0.2, 1, 3, 12.5]) {
    const timeMs = clock.now() + aheadMs
    await clock.until(timeMs, never)
    expect(clock.now()).toBeGreaterThanOrEqual(timeMs)
  }
})

it('comes back at once when the time has passed', async () => {
  const ledger = new Ledger()
  const clock = realClock(new Timers(ledger))
  const waited = clock.until(clock.now() - 1, never)
  expect(ledger.outstanding()).toEqual({})
  await waited
})

it('gives up with its signal, and leaves no timer behind', async () => {
  const ledger = new Ledger()
  const clock = realClock(new Timers(ledger))
  const abort = new AbortController()
  const waiting = clock.until(clock.now() + 3_600_000, abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(ledger.outstanding()).toEqual({})
})
