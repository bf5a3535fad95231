import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Ledger } from './ledger.ts'
import { Timers } from './timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function counted() {
  const ledger = new Ledger()
  return { ledger, timers: new Timers(ledger) }
}

test('a delayed action runs once, when its guard has been given back', () => {
  const { ledger, timers } = counted()
  const action = vi.fn(() => ledger.active('timer'))
  timers.after(100, action)
  expect(ledger.active('timer')).toBe(1)
  vi.advanceTimersByTime(99)
  expect(action).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1000)
  expect(action).toHaveBeenCalledExactlyOnceWith()
  expect(action).toHaveReturnedWith(0)
})

test('a timer disposed before its time never runs', () => {
  const { ledger, timers } = counted()
  const action = vi.fn()
  timers.after(100, action)[Symbol.dispose]()
  expect(ledger.outstanding()).toEqual({})
  vi.runAllTimers()
  expect(action).not.toHaveBeenCalled()
})

test('disposing a timer that has run, or disposing it twice, counts nothing', () => {
  const { ledger, timers } = counted()
  using _other = timers.after(10_000, () => {})
  const run = timers.after(1, () => {})
  vi.advanceTimersByTime(1)
  run[Symbol.dispose]()
  run[Symbol.dispose]()
  expect(ledger.active('timer')).toBe(1)
})

test('a delay that setTimeout cannot hold is capped instead of running at once', () => {
  const { timers } = counted()
  const action = vi.fn()
  timers.after(2 ** 53, action)
  vi.advanceTimersByTime(2 ** 31 - 2)
  expect(action).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(action).toHaveBeenCalledOnce()
})

test('a repeated action runs every period until it is disposed', () => {
  const { ledger, timers } = counted()
  const action = vi.fn()
  const repeated = timers.every(100, action)
  vi.advanceTimersByTime(350)
  expect(action).toHaveBeenCalledTimes(3)
  expect(ledger.active('timer')).toBe(1)
  repeated[Symbol.dispose]()
  vi.advanceTimersByTime(1000)
  expect(action).toHaveBeenCalledTimes(3)
  expect(ledger.outstanding()).toEqual({})
})

test('a repeated action with a period that no timer can hold is not run all the time', () => {
  const { timers } = counted()
  const action = vi.fn()
  using _repeated = timers.every(Infinity, action)
  vi.advanceTimersByTime(1000)
  expect(action).not.toHaveBeenCalled()
})

test('a repeated action does not keep the program alive', () => {
  vi.useRealTimers()
  const keepingAlive = () => process.getActiveResourcesInfo().filter(resource => resource === 'Timeout').length
  const { timers } = counted()
  const before = keepingAlive()
  using _repeated = timers.every(60_000, () => {})
  expect(keepingAlive()).toBe(before)
  using _delayed = timers.after(60_000, () => {})
  expect(keepingAlive()).toBe(before + 1)
})
