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

function retaining({ maxClosedProcesses = 10, closedOutputBytes = 1000 }) {
  const ledger = new Ledger()
  const limits = { closedProcessMs: 1000, maxClosedProcesses, closedOutputBytes }
  const closed = new ClosedProcesses(new Timers(ledger), limits)
  const dropped: string[] = []
  return {
    ledger,
    closed,
    dropped,
    retain: (id: string, bytes = 0) => closed.retain(bytes, reason => dropped.push(`${id} ${reason}`)),
  }
}

it('drops each process when its own retention is over, with one timer for all', () => {
  const { ledger, closed, dropped, retain } = retaining({})
  retain('a')
  vi.advanceTimersByTime(600)
  retain('b')
  expect(ledger.active('timer')).toBe(1)
  vi.advanceTimersByTime(399)
  expect(dropped).toEqual([])
  vi.advanceTimersByTime(1)
  expect(dropped).toEqual(['a retention'])
  vi.advanceTimersByTime(600)
  expect(dropped).toEqual(['a retention', 'b retention'])
  expect(closed.count).toBe(0)
  expect(ledger.outstanding()).toEqual({})
})

it('drops the longest closed early when there are too many', () => {
  const { dropped, retain } = retaining({ maxClosedProcesses: 2 })
  for (const id of ['a', 'b', 'c', 'd']) retain(id)
  expect(dropped).toEqual(['a limit', 'b limit'])
})

it('drops the longest closed early when together they hold too much output', () => {
  const { ledger, closed, dropped, retain } = retaining({ closedOutputBytes: 100 })
  retain('a', 60)
  retain('b', 40)
  expect(dropped).toEqual([])
  retain('c', 1)
  expect(dropped).toEqual(['a limit'])
  retain('d', 1000)
  expect(dropped).toEqual(['a limit', 'b limit', 'c limit', 'd limit'])
  expect(closed.count).toBe(0)
  expect(ledger.outstanding()).toEqual({})
})

it('counts the output of what was disposed no longer', () => {
  const { dropped, retain } = retaining({ closedOutputBytes: 100 })
  retain('a', 60)[Symbol.dispose]()
  retain('b', 60)
  expect(dropped).toEqual([])
})

it('forgets what is disposed and stops its timer with the last one', () => {
  const { ledger, dropped, retain } = retaining({})
  const first = retain('a')
  retain('b')[Symbol.dispose]()
  first[Symbol.dispose]()
  expect(ledger.outstanding()).toEqual({})
  vi.advanceTimersByTime(5000)
  expect(dropped).toEqual([])
})
