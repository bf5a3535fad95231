import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LatencyHistogram } from './latency-histogram.ts'

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const ms of values) histogram.recordMs(ms)
  return histogram
}

it('says nothing without values', () => {
  const { count, maxMs } = histogramOf([])
  expect({ count, maxMs }).toEqual({ count: 0, maxMs: undefined })
  expect(histogramOf([]).percentileMs(50)).toBeUndefined()
  expect(histogramOf([]).spreadMs(10)).toEqual([])
})

it('knows every percentile of evenly spread values to a thousandth', () => {
  const histogram = histogramOf(Array.from({ length: 10_000 }, (_, index) => (index + 1) / 10))
  for (const percent of [1, 50, 95, 99, 99.9]) {
    const ms = histogram.percentileMs(percent) ?? 0
    expect(ms / (percent * 10)).toBeCloseTo(1, 2)
  }
  expect(histogram.maxMs).toBe(1000)
  expect(histogram.count).toBe(10_000)
})

it('agrees with sorting, whatever the values are', () => {
  const latency = fc.double({ min: 0.001, max: 3_600_000, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(latency, { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? 0
        const found = histogramOf(values).percentileMs(percent) ?? 0
        // Three significant digits, and whole microseconds.
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.001 + 0.001)
      },
    ),
  )
})

it('never says more than the largest value', () => {
  const histogram = histogramOf([1234.567])
  expect(histogram.percentileMs(100)).toBeLessThanOrEqual(histogram.maxMs ?? 0)
})

it('counts what takes longer than an hour as an hour, and what took less than nothing as nothing', () => {
  expect((histogramOf([1e12]).maxMs ?? 0) / 3_600_000).toBeCloseTo(1, 2)
  expect(histogramOf([-5]).maxMs).toBe(0)
})

it('adds another one up', () => {
  const sum = histogramOf([1, 2])
  sum.add(histogramOf([3]))
  expect(sum.count).toBe(3)
  expect(sum.percentileMs(100)).toBeCloseTo(3, 2)
})

it('spreads its values evenly and in order', () => {
  const spread = histogramOf([3, 1, 2, 4]).spreadMs(4)
  expect(spread.map(Math.round)).toEqual([1, 2, 3, 4])
  expect(histogramOf([1, 1, 1, 100]).spreadMs(2).map(Math.round)).toEqual([1, 1])
})
