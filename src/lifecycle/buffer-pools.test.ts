import { expect, it } from 'vitest'
import { BufferPools } from './buffer-pools.ts'

const pools = () =>
  new BufferPools([
    { leastBytes: 100, bytes: 1000, maxFree: 2 },
    { leastBytes: 200_000, bytes: 300_000, maxFree: 2 },
  ])

it.each([0, 1, 99, 100, 1000, 1001, 100_000, 200_000, 300_000, 300_001])('lends a buffer of %i bytes', length => {
  expect(pools().take(length)).toHaveLength(length)
})

it.each([
  [500, 1000],
  [200_000, 250_000],
])('lends one of %i bytes again once it is back, even if only a part of it', (length, another) => {
  const lending = pools()
  expect(lending.isWorthIt(length)).toBe(true)
  const first = lending.take(length)
  lending.giveBack(first.subarray(0, 10))
  const again = lending.take(another)
  expect(again.buffer).toBe(first.buffer)
  expect(again).toHaveLength(another)
})

it.each([150_000, 400_000])('frees those of %i bytes', length => {
  const lending = pools()
  expect(lending.isWorthIt(length)).toBe(true)
  const buffer = lending.take(length)
  lending.giveBack(buffer.subarray(0, 10))
  expect(buffer.buffer.byteLength).toBe(0)
})

it('frees what it has enough of', () => {
  const lending = pools()
  const buffers = Array.from({ length: 3 }, () => lending.take(200_000))
  for (const buffer of buffers) lending.giveBack(buffer)
  expect(buffers.map(({ length }) => length)).toEqual([200_000, 200_000, 0])
})

it('leaves small ones alone, which share their memory', () => {
  const lending = pools()
  const [bytes, neighbour] = [lending.take(50).fill('x'), lending.take(50).fill('y')]
  expect(lending.isWorthIt(50)).toBe(false)
  lending.giveBack(bytes)
  expect(neighbour.toString()).toBe('y'.repeat(50))
})
