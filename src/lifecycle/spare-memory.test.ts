import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Ledger } from './ledger.ts'
import { leastSpareBytes, SpareMemory } from './spare-memory.ts'
import { Timers } from './timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const mebibyte = 1024 * 1024

function program({ residentBytes, neededBytes }: { residentBytes: number; neededBytes: number }) {
  const ledger = new Ledger()
  const state = { activity: 0, residentBytes, neededBytes, released: [] as number[] }
  const spare = new SpareMemory({
    timers: new Timers(ledger),
    afterMs: 1000,
    activity: () => state.activity,
    residentBytes: () => state.residentBytes,
    release: () => {
      state.residentBytes = state.neededBytes
    },
    released: bytes => state.released.push(bytes),
  })
  return { ledger, state, spare }
}

it('gives back what is not needed once nothing has happened for a while, and then not again', () => {
  const { state } = program({ residentBytes: 100 * mebibyte, neededBytes: 70 * mebibyte })
  for (let turn = 0; turn < 10; turn += 1) {
    state.activity += 1
    vi.advanceTimersByTime(1000)
  }
  expect(state.released).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(state.released).toEqual([30 * mebibyte])
  vi.advanceTimersByTime(100_000)
  expect(state.released).toHaveLength(1)
})

it('does so again when there is more than before, by an amount that is worth it', () => {
  const { state } = program({ residentBytes: 100 * mebibyte, neededBytes: 70 * mebibyte })
  vi.advanceTimersByTime(2000)
  state.residentBytes = state.neededBytes + leastSpareBytes - 1
  vi.advanceTimersByTime(2000)
  expect(state.released).toHaveLength(1)
  state.residentBytes += 1
  vi.advanceTimersByTime(1000)
  expect(state.released).toEqual([30 * mebibyte, leastSpareBytes])
})

it('takes what cannot be given back for needed', () => {
  const { state } = program({ residentBytes: 100 * mebibyte, neededBytes: 101 * mebibyte })
  vi.advanceTimersByTime(100_000)
  expect(state.released).toEqual([0])
})

it('looks no more once it is disposed', () => {
  const { state, spare, ledger } = program({ residentBytes: 100 * mebibyte, neededBytes: 70 * mebibyte })
  spare[Symbol.dispose]()
  vi.advanceTimersByTime(100_000)
  expect(state.released).toEqual([])
  expect(ledger.outstanding()).toEqual({})
})
