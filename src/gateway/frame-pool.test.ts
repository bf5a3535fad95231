import { expect, it } from 'vitest'
import { FramePool } from './frame-pool.ts'

it.each([0, 1, 16 * 1024, 69_000, 68 * 1024, 68 * 1024 + 1, 1_000_000])('lends a buffer of %i bytes', length => {
  expect(new FramePool().take(length)).toHaveLength(length)
})

it('lends a buffer again once it is back, and not before', () => {
  const pool = new FramePool()
  const first = pool.take(69_000)
  expect(pool.take(69_000).buffer).not.toBe(first.buffer)
  pool.giveBack(first)
  const again = pool.take(60_000)
  expect(again.buffer).toBe(first.buffer)
  expect(again).toHaveLength(60_000)
})

it('keeps no more than some, and nothing that is not its own', () => {
  const pool = new FramePool()
  pool.giveBack(Buffer.alloc(69_000))
  pool.giveBack(Buffer.from('small'))
  expect(pool.freeCount).toBe(0)
  for (const frame of Array.from({ length: 100 }, () => pool.take(69_000))) pool.giveBack(frame)
  expect(pool.freeCount).toBe(64)
})
