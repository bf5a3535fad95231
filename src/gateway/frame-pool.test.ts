import { expect, it } from 'vitest'
import { FramePool } from './frame-pool.ts'

it.each([0, 1, 16 * 1024, 69_000, 68 * 1024, 68 * 1024 + 1, 1_000_000, 1_433_600, 1_433_601])(
  'lends a buffer of %i bytes',
  length => {
    expect(new FramePool().take(length)).toHaveLength(length)
  },
)

it.each([
  ['a chunk of output', 69_000, 60_000],
  ['a block of a file', 1_398_104 + 100, 700_000],
])('lends the frame of %s again once it is back', (_what, length, another) => {
  const pool = new FramePool()
  const first = pool.take(length)
  expect(pool.isPooled(first)).toBe(true)
  pool.giveBack(first)
  const again = pool.take(another)
  expect(again.buffer).toBe(first.buffer)
  expect(again).toHaveLength(another)
})

it.each([1000, 100_000, 2_000_000])('does not keep frames of %i bytes', length => {
  expect(new FramePool().isPooled(Buffer.alloc(length))).toBe(false)
})
