import { expect, it } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

it('lends a buffer again once it is back, and not before', () => {
  const pool = new BufferPool({ bytes: 1000, maxFree: 2 })
  const first = pool.take(1000)
  expect(pool.take(1000).buffer).not.toBe(first.buffer)
  pool.giveBack(first.subarray(0, 10))
  const again = pool.take(500)
  expect(again.buffer).toBe(first.buffer)
  expect(again).toHaveLength(500)
})

it('keeps no more than some, and nothing that is not its own', () => {
  const pool = new BufferPool({ bytes: 1000, maxFree: 2 })
  pool.giveBack(Buffer.alloc(999))
  pool.giveBack(pool.take(1000).subarray(1))
  expect(pool.freeCount).toBe(0)
  for (const buffer of Array.from({ length: 5 }, () => pool.take(1000))) pool.giveBack(buffer)
  expect(pool.freeCount).toBe(2)
})
