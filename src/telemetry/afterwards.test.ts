import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Afterwards } from './afterwards.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('does what was put off in its order, all of it a moment after the first', () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  for (const number of [1, 2, 3]) {
    afterwards.add(() => done.push(number))
    vi.advanceTimersByTime(3)
  }
  expect(done).toEqual([])
  vi.advanceTimersByTime(1)
  expect(done).toEqual([1, 2, 3])
})

it('does it at once when told to, and only once', () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  afterwards.add(() => done.push(1))
  afterwards.catchUp()
  expect(done).toEqual([1])
  expect(vi.getTimerCount()).toBe(0)
})

it('takes more after that, also from what it does', () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  afterwards.add(() => {
    done.push(1)
    afterwards.add(() => done.push(2))
  })
  vi.advanceTimersByTime(10)
  expect(done).toEqual([1])
  vi.advanceTimersByTime(10)
  expect(done).toEqual([1, 2])
})
