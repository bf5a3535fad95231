import { expect, it } from 'vitest'
import { Timeline } from './timeline.ts'

it('tells mean and maximum of every stretch in which something happened', () => {
  const timeline = new Timeline()
  timeline.record(10, 1)
  timeline.record(20, 3)
  timeline.record(350, 5)
  expect(timeline.stretches()).toEqual([
    { beginMs: 0, widthMs: 100, count: 2, meanMs: 2, maxMs: 3 },
    { beginMs: 300, widthMs: 100, count: 1, meanMs: 5, maxMs: 5 },
  ])
})

it('keeps a bounded number of stretches, however long it goes on, and loses nothing', () => {
  const timeline = new Timeline()
  for (let second = 0; second < 7200; second++) timeline.record(second * 1000, second)
  const stretches = timeline.stretches()
  expect(stretches.length).toBeLessThanOrEqual(240)
  expect(stretches.reduce((sum, { count }) => sum + count, 0)).toBe(7200)
  expect(stretches.at(-1)?.maxMs).toBe(7199)
  expect(new Set(stretches.map(({ widthMs }) => widthMs)).size).toBe(1)
})
