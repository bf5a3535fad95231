import fc from 'fast-check'
import { expect, test } from 'vitest'
import { heldBytes } from '../../test/support/memory-in-use.ts'
import { PendingOutput } from './pending-output.ts'

test('gives out what came in, in order, whatever the sizes of the pieces and of what is taken', () => {
  const size = fc.oneof(fc.nat(9), fc.nat(100_000))
  fc.assert(
    fc.property(fc.array(fc.record({ appended: size, taken: size }), { maxLength: 20 }), steps => {
      const pending = new PendingOutput()
      let model = Buffer.alloc(0)
      for (const [index, { appended, taken }] of steps.entries()) {
        const bytes = Buffer.alloc(appended, `${index}abcdefgh`)
        pending.append(bytes)
        model = Buffer.concat([model, bytes])
        // It was borrowed.
        bytes.fill('-')
        const target = Buffer.alloc(Math.min(taken, pending.bytes))
        pending.moveTo(target)
        expect(target.equals(model.subarray(0, target.length))).toBe(true)
        model = model.subarray(target.length)
        expect(pending.bytes).toBe(model.length)
      }
    }),
    { numRuns: 50 },
  )
})

test('takes little more than what came in, however small the pieces were', () => {
  const pending = Array.from({ length: 20 }, () => new PendingOutput())
  const byte = Buffer.from('x')
  const count = 40_000
  const before = heldBytes()
  for (const output of pending) for (let appended = 0; appended < count; appended += 1) output.append(byte)
  expect(heldBytes() - before).toBeLessThan(2 * pending.length * count)
  expect(pending.map(({ bytes }) => bytes)).toEqual(pending.map(() => count))
})

test('holds on to nothing but itself once it has settled', () => {
  const pending = Array.from({ length: 100 }, () => new PendingOutput())
  const before = heldBytes()
  for (const output of pending) {
    output.append(Buffer.from('x'))
    output.settle()
    // Slabs of Node.js are used up by others all the time.
    for (let taken = 0; taken < 2 * Buffer.poolSize; taken += 1000) Buffer.allocUnsafe(1000)
  }
  expect(heldBytes() - before).toBeLessThan(pending.length * 10_000)
  const target = Buffer.alloc(1)
  for (const output of pending) output.moveTo(target.fill('-'))
  expect(target.toString()).toBe('x')
})
