import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textFrame } from './text-frame.ts'

/** Takes a frame apart again, after the RFC and not after the code. */
function payloadOf(frame: Buffer): string {
  expect(frame[0]).toBe(0b1000_0001)
  const short = frame[1] ?? 0
  expect(short & 0x80, 'a server does not mask').toBe(0)
  const [offset, length] =
    short < 126 ? [2, short] : short === 126 ? [4, frame.readUInt16BE(2)] : [10, Number(frame.readBigUInt64BE(2))]
  expect(frame.length).toBe(offset + length)
  return frame.toString('utf8', offset)
}

it.each([0, 1, 125, 126, 127, 65_535, 65_536, 65_537])('has the shortest header for %i bytes', length => {
  const frame = textFrame('x'.repeat(length))
  expect(payloadOf(frame)).toBe('x'.repeat(length))
  expect(frame.length - length).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10)
})

it('carries any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      expect(payloadOf(textFrame(text))).toBe(text.toWellFormed())
    }),
    { numRuns: 500 },
  )
})
