import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WallClock } from './wall-clock.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const unixNow = (clock: WallClock) => clock.offsetMs() + performance.now()

it('tells Unix time to the tolerance', () => {
  expect(Math.abs(unixNow(new WallClock()) - Date.now())).toBeLessThanOrEqual(5)
})

it('is steady while the clock of the system is', () => {
  const clock = new WallClock()
  const offset = clock.offsetMs()
  for (let turn = 0; turn < 100; turn++) {
    vi.advanceTimersByTime(0.7)
    expect(clock.offsetMs()).toBe(offset)
  }
})

it('follows the clock of the system when that is set', () => {
  const clock = new WallClock()
  clock.offsetMs()
  vi.setSystemTime(Date.now() + 3_600_000)
  expect(Math.abs(unixNow(clock) - Date.now())).toBeLessThanOrEqual(5)
})
