import fc from 'fast-check'
import { expect, it } from 'vitest'
import { byteLengthOf, lengthOf, type OutgoingMessage, textOf, writeTo } from './outgoing-message.ts'

const text = fc.string({ unit: 'binary', maxLength: 60 })
const chunk = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
const message: fc.Arbitrary<OutgoingMessage> = fc.oneof(text, fc.record({ before: text, chunk, after: text }))

it('is the same text whole and in pieces', () => {
  fc.assert(
    fc.property(text, chunk, text, (before, chunk, after) => {
      expect(textOf({ before, chunk, after })).toBe(before + chunk.toString('base64') + after)
    }),
  )
})

it('takes the room it says, and is that text there', () => {
  fc.assert(
    fc.property(message, fc.nat({ max: 10 }), (message, offset) => {
      const target = Buffer.alloc(offset + byteLengthOf(message), 0xff)
      writeTo(target, offset, message)
      expect(lengthOf(message)).toBe(textOf(message).length)
      expect(target.toString('utf8', offset)).toBe(textOf(message).toWellFormed())
      expect(target.subarray(0, offset).equals(Buffer.alloc(offset, 0xff))).toBe(true)
    }),
    { numRuns: 500 },
  )
})
