import { describe, expect, it } from 'vitest'
import { ConstantRate, type Pace, WhenFree } from './pace.ts'

function dueTimes(pace: Pace, elapsedMs: () => number = () => 0): number[] {
  const times: number[] = []
  for (let due = pace.next(elapsedMs()); due !== undefined; due = pace.next(elapsedMs())) times.push(due)
  return times
}

describe('a constant rate', () => {
  it('is due at even distances, however late it is asked', () => {
    let askedMs = 0
    expect(dueTimes(new ConstantRate(100, { iterations: 5 }), () => (askedMs += 1000))).toEqual([0, 10, 20, 30, 40])
  })

  it('is due for as long as the duration, whether or not that is over', () => {
    const times = dueTimes(new ConstantRate(10, { durationMs: 1000 }), () => 5000)
    expect(times).toHaveLength(10)
    expect(times.at(-1)).toBe(900)
  })

  it('is due at least once', () => {
    expect(dueTimes(new ConstantRate(0.01, { durationMs: 100 }))).toEqual([0])
  })

  it('knows how much of it is behind', () => {
    const pace = new ConstantRate(1, { iterations: 4 })
    pace.next()
    expect(pace.share()).toBe(0.25)
  })
})

describe('when a worker is free', () => {
  it('is due at once, as often as is wanted', () => {
    let nowMs = 0
    expect(dueTimes(new WhenFree({ iterations: 3 }), () => (nowMs += 7))).toEqual([7, 14, 21])
  })

  it('is due until the time is over', () => {
    let nowMs = 0
    expect(dueTimes(new WhenFree({ durationMs: 100 }), () => (nowMs += 40))).toEqual([40, 80])
  })

  it.each([
    [{ iterations: 4 }, 0, 0.25],
    [{ durationMs: 100 }, 50, 0.5],
    [{ durationMs: 100 }, 500, 1],
  ])('of %o, after %d ms, %d is behind', (extent, elapsedMs, share) => {
    const pace = new WhenFree(extent)
    pace.next(0)
    expect(pace.share(elapsedMs)).toBe(share)
  })
})
