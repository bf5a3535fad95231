import fc from 'fast-check'
import { expect, it } from 'vitest'
import { takeTextFrames, textFrame } from './text-frame.ts'

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

/** The frame of a client. */
function masked(first: number, payload: Buffer, mask = [1, 2, 3, 4]): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.from([first, ...length, ...mask, ...payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))])
}

function taken(chunk: Buffer, maxBytes = 65_536) {
  const texts: string[] = []
  const bytes = takeTextFrames(chunk, maxBytes, text => texts.push(text))
  return { texts, bytes }
}

it('takes short messages until one of another kind', () => {
  const [first, second] = [masked(0x81, Buffer.from('one')), masked(0x81, Buffer.from('y'.repeat(300)))]
  const ping = masked(0x89, Buffer.from('ping'))
  const bytes = first.length + second.length
  const chunk = Buffer.concat([first, second, ping, first])
  expect(taken(chunk)).toEqual({ texts: ['one', 'y'.repeat(300)], bytes })
  expect(chunk.subarray(bytes)).toEqual(Buffer.concat([ping, first]))
})

it.each([
  ['what is not ASCII', masked(0x81, Buffer.from('ä'))],
  ['what is no UTF-8', masked(0x81, Buffer.from([0xff]))],
  ['bytes', masked(0x82, Buffer.from('x'))],
  ['a part of a message', masked(0x01, Buffer.from('x'))],
  ['the rest of one', masked(0x80, Buffer.from('x'))],
  ['reserved bits', masked(0xc1, Buffer.from('x'))],
  ['a goodbye', masked(0x88, Buffer.alloc(0))],
  ['what is not masked', Buffer.from(textFrame('x'))],
  ['a length of 64 bits', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 0x79])],
])('leaves %s as it is', (_what, chunk) => {
  const before = Buffer.from(chunk)
  expect(taken(chunk)).toEqual({ texts: [], bytes: 0 })
  expect(chunk).toEqual(before)
})

it.each([3, 200])('leaves a message of %i bytes until all of it is there', length => {
  const frame = masked(0x81, Buffer.alloc(length, 'x'))
  for (let part = 0; part < frame.length; part++) {
    const chunk = Buffer.from(frame.subarray(0, part))
    expect(taken(chunk)).toEqual({ texts: [], bytes: 0 })
    expect(chunk).toEqual(frame.subarray(0, part))
  }
  expect(taken(frame).texts).toEqual(['x'.repeat(length)])
})

it('leaves what is longer than a message may be', () => {
  expect(taken(masked(0x81, Buffer.alloc(200, 'x')), 200).texts).toHaveLength(1)
  expect(taken(masked(0x81, Buffer.alloc(201, 'x')), 200).texts).toHaveLength(0)
})
