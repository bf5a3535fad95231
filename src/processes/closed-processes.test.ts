import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { ClosedProcesses } from './closed-processes.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function retaining(maxClosedProcesses: number) {
  const ledger = new Ledger()
  const closed = new ClosedProcesses(new Timers(ledger), { closedProcessMs: 1000, maxClosedProcesses })
  const dropped: string[] = []
  return { ledger, closed, dropped, retain: (id: string) => closed.retain(() => dropped.push(id)) }
}

it('drops each process when its own retention is over, with one timer for all', () => {
  const { ledger, closed, dropped, retain } = retaining(10)
  retain('a')
  vi.advanceTimersByTime(600)
  retain('b')
  expect(ledger.active('timer')).toBe(1)
  vi.advanceTimersByTime(399)
  expect(dropped).toEqual([])
  vi.advanceTimersByTime(1)
  expect(dropped).toEqual(['a'])
  vi.advanceTimersByTime(600)
  expect(dropped).toEqual(['a', 'b'])
  expect(closed.count).toBe(0)
  expect(ledger.outstanding()).toEqual({})
})

it('drops the longest closed early when there are too many', () => {
  const { dropped, retain } = retaining(2)
  for (const id of ['a', 'b', 'c', 'd']) retain(id)
  expect(dropped).toEqual(['a', 'b'])
})

it('forgets what is disposed and stops its timer with the last one', () => {
  const { ledger, dropped, retain } = retaining(10)
  const first = retain('a')
  retain('b')[Symbol.dispose]()
  first[Symbol.dispose]()
  expect(ledger.outstanding()).toEqual({})
  vi.advanceTimersByTime(5000)
  expect(dropped).toEqual([])
})
