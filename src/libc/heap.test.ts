import { getHeapSpaceStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { Heap } from './heap.ts'

const youngBytes = () => getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0

it('gives back the young generation and what it was made for', () => {
  const kept = new Map<number, object>()
  for (let made = 0; youngBytes() < 8_000_000; made += 1) kept.set(made % 100_000, { made: [made] })
  kept.clear()
  const before = process.memoryUsage().heapTotal
  new Heap(undefined).release()
  expect(youngBytes()).toBeLessThan(4_000_000)
  expect(process.memoryUsage().heapTotal).toBeLessThan(before)
})

it('leaves no collector to be called by others', () => {
  new Heap(undefined).release()
  expect('gc' in globalThis).toBe(false)
  expect(runInNewContext('typeof gc')).toBe('undefined')
})
