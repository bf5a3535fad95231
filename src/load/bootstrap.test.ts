import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { bootstrap, median } from './bootstrap.ts'
import { seededRandom } from './random.ts'

const middle = (drawn: readonly number[]) => median(drawn)

test.each([
  [[], undefined],
  [[5], 5],
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])('the median of %o is %o', (values, expected) => {
  expect(median(values)).toBe(expected)
})

it('draws the same interval with the same seed, and others with others', () => {
  const runs = Array.from({ length: 20 }, (_, index) => index ** 2)
  expect(bootstrap(runs, middle, 7)).toEqual(bootstrap(runs, middle, 7))
  const intervals = [1, 2, 3, 4, 5, 6].map(seed => JSON.stringify(bootstrap(runs, middle, seed)))
  expect(new Set(intervals).size).toBeGreaterThan(1)
})

it('knows nothing of fewer than two runs, or of a statistic that has no value', () => {
  expect(bootstrap([], middle, 1)).toBeUndefined()
  expect(bootstrap([1], middle, 1)).toBeUndefined()
  expect(bootstrap([1, 2], () => undefined, 1)).toBeUndefined()
})

it('is no wider than the runs, and has no width where they agree', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 8 }), runs => {
      const { low, high } = bootstrap(runs, middle, 1) ?? { low: Number.NaN, high: Number.NaN }
      expect(low).toBeGreaterThanOrEqual(Math.min(...runs))
      expect(high).toBeLessThanOrEqual(Math.max(...runs))
      expect(low).toBeLessThanOrEqual(high)
    }),
    { numRuns: 20 },
  )
  expect(bootstrap([3, 3, 3], middle, 1)).toEqual({ low: 3, high: 3 })
})

it('covers the true median about as often as it says', () => {
  const random = seededRandom(42)
  let covered = 0
  for (let trial = 0; trial < 200; trial++) {
    const runs = Array.from({ length: 25 }, () => random() + random() + random())
    const { low, high } = bootstrap(runs, middle, trial) ?? { low: 0, high: 0 }
    if (low <= 1.5 && 1.5 <= high) covered += 1
  }
  expect(covered).toBeGreaterThan(170)
  expect(covered).toBeLessThan(200)
})

test('random numbers are even, from 0 up to 1, and repeat with their seed', () => {
  const random = seededRandom(3)
  const numbers = Array.from({ length: 10_000 }, random)
  const again = seededRandom(3)
  expect(numbers.slice(0, 5)).toEqual(Array.from({ length: 5 }, again))
  expect(numbers.every(number => number >= 0 && number < 1)).toBe(true)
  expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1)
})
