import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalBytesOf, decodeBase64 } from './base64.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bit by bit, straight from RFC 4648; undefined for everything that is not canonical. */
function decodeNaively(text: string): Buffer | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  const bits = Array.from(text.replace(/=+$/, ''))
    .map(symbol => alphabet.indexOf(symbol).toString(2).padStart(6, '0'))
    .join('')
  const wholeBits = bits.length - (bits.length % 8)
  if (bits.slice(wholeBits).includes('1')) return undefined
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
}

const nearBase64 = fc.string({
  unit: fc.constantFrom(...Array.from('AQRgBz09+/=-_ \n*\u00e9\u0141\u{1f600}')),
  maxLength: 13,
})

describe('strict base64', () => {
  it('returns every byte sequence that was encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('agrees with a bit-by-bit decoder on what is canonical', () => {
    fc.assert(
      fc.property(nearBase64, text => {
        const decoded = decodeBase64(text)
        expect(typeof decoded === 'string' ? undefined : decoded).toEqual(decodeNaively(text))
      }),
      { numRuns: 20_000 },
    )
  })

  it('agrees with it on one changed character of a valid text', () => {
    const damaged = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(damaged, ([bytes, place, replacement]) => {
        const text = Buffer.from(bytes).toString('base64')
        const at = place % text.length
        const changed = text.slice(0, at) + replacement.slice(0, 1) + text.slice(at + 1)
        const decoded = decodeBase64(changed)
        expect(typeof decoded === 'string' ? undefined : decoded).toEqual(decodeNaively(changed))
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    ['YQ', 'Invalid padding'],
    ['YWJjYQ', 'Invalid padding'],
    ['YWI', 'Invalid padding'],
    ['A', 'Invalid input length: 1'],
    ['YWJjA', 'Invalid input length: 5'],
    ['A=', 'Invalid symbol 61, offset 1.'],
    ['A===', 'Invalid symbol 61, offset 1.'],
    ['====', 'Invalid symbol 61, offset 0.'],
    ['Q=Q=', 'Invalid symbol 61, offset 1.'],
    ['QQ=A', 'Invalid symbol 61, offset 2.'],
    ['YQ==\n', 'Invalid symbol 10, offset 4.'],
    ['*', 'Invalid symbol 42, offset 0.'],
    ['AA AA', 'Invalid symbol 32, offset 2.'],
    ['AA==AAAA', 'Invalid symbol 61, offset 2.'],
    ['AZaz09+/*', 'Invalid symbol 42, offset 8.'],
    ['AAA_', 'Invalid symbol 95, offset 3.'],
    ['A-AA', 'Invalid symbol 45, offset 1.'],
    ['AAA\u0141', 'Invalid symbol 129, offset 4.'],
    ['\u{1f600}AA', 'Invalid symbol 240, offset 0.'],
    ['YR==', 'Invalid last symbol 82, offset 1.'],
    ['YWJ=', 'Invalid last symbol 74, offset 2.'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(decodeBase64(text)).toBe(problem)
  })

  it('keeps the problem of a huge text short', () => {
    expect(decodeBase64('\u{1f600}'.repeat(1_000_000))).toBe('Invalid symbol 240, offset 0.')
    expect(decodeBase64('A'.repeat(1_000_001))).toBe('Invalid input length: 1000001')
  })
})

describe('base64 that is not text yet', () => {
  const pieceLength = 48 * 1024
  const length = 2 * pieceLength + 400
  const symbols = Buffer.alloc((length / 4) * 3, 'any bytes at all').toString('base64')

  it('comes to the same bytes', () => {
    for (const removed of [0, 1, 2, 3, 300, 301, 302]) {
      const bytes = Buffer.from(symbols, 'base64').subarray(removed)
      expect(canonicalBytesOf(Buffer.from(bytes.toString('base64')))?.equals(bytes)).toBe(true)
    }
    expect(canonicalBytesOf(Buffer.alloc(0))).toHaveLength(0)
  })

  it.each([
    '-',
    '_',
    '=',
    '==',
    '===',
    '====',
    ' ',
    '\n',
    '*',
    '\0',
    'é',
    'Ł',
    '\u{1f600}',
    'B',
    'BA==',
    'BB==',
    'BAA=',
    'BAB=',
  ])('is refused like text, wherever it has %j', put => {
    const edges = [0, pieceLength, 2 * pieceLength, length]
    const places = edges.flatMap(edge => [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4].map(distance => edge + distance))
    for (const at of places.filter(each => each >= 0 && each <= length)) {
      for (const changed of [symbols.slice(0, at) + put + symbols.slice(at + put.length), symbols.slice(0, at) + put]) {
        const decoded = decodeBase64(changed)
        const bytes = canonicalBytesOf(Buffer.from(changed))
        expect(bytes === undefined).toBe(typeof decoded === 'string')
        if (bytes !== undefined && typeof decoded !== 'string') expect(bytes.equals(decoded)).toBe(true)
      }
    }
  })
})
