import fc from 'fast-check'
import { expect, test } from 'vitest'
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
