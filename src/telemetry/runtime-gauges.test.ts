import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { RuntimeMonitor } from './runtime-gauges.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it('shows a stall to every reader, also to one that comes just after another', async () => {
  const { now } = performance
  let aheadMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + aheadMs)
  using monitor = new RuntimeMonitor()
  const longestDelay = () => {
    let seconds = 0
    monitor.gauges.eventLoopDelay((value, { statistic }) => {
      if (statistic === 'max') seconds = value
    })
    return seconds
  }
  /** The event loop is sampled some times. */
  const turn = () => delay(100)
  await turn()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  await turn()
  aheadMs = 15_000
  expect(longestDelay()).toBeGreaterThan(0.2)
  await turn()
  aheadMs = 16_000
  expect(longestDelay()).toBeGreaterThan(0.2)
  aheadMs = 30_000
  expect(longestDelay()).toBeLessThan(0.2)
})
