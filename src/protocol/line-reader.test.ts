import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineReader } from './line-reader.ts'

interface Outcome {
  readonly lines: string[]
  readonly failures: string[]
}

function read(pieces: readonly Buffer[], maxBytes = 100): Outcome {
  const outcome: Outcome = { lines: [], failures: [] }
  const reader = new LineReader(
    { line: text => outcome.lines.push(text), failed: detail => outcome.failures.push(detail) },
    maxBytes,
  )
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return outcome
}

const bytesOf = (...texts: string[]) => texts.map(text => Buffer.from(text))

/** Cuts bytes at these places, wherever they are. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map(place => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

describe('lines', () => {
  it.each([
    { name: 'end with a line feed', pieces: ['a\nb\n'], lines: ['a', 'b'] },
    { name: 'end with a carriage return and a line feed', pieces: ['a\r\nb\r\n'], lines: ['a', 'b'] },
    { name: 'may come in pieces', pieces: ['a', 'b\nc', 'd\n'], lines: ['ab', 'cd'] },
    { name: 'may be cut within their terminator', pieces: ['a\r', '\nb\n'], lines: ['a', 'b'] },
    { name: 'count at the end without a terminator', pieces: ['a\nb'], lines: ['a', 'b'] },
    { name: 'that are blank are skipped', pieces: ['\n \t\n\r\na\n\n'], lines: ['a'] },
    { name: 'keep the blanks around them and carriage returns within', pieces: [' a\rb \n'], lines: [' a\rb '] },
    { name: 'keep a byte order mark', pieces: ['\ufeffa\n'], lines: ['\ufeffa'] },
  ])('$name', ({ pieces, lines }) => {
    expect(read(bytesOf(...pieces))).toEqual({ lines, failures: [] })
  })

  it('are the same however the input is cut', () => {
    const line = fc.string({ unit: 'binary', maxLength: 12 }).map(text => text.toWellFormed().replaceAll('\n', ''))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (lines, places) => {
        const bytes = Buffer.from(lines.map(text => `${text}\n`).join(''))
        expect(read(cutAt(bytes, places))).toEqual(read([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the limit', () => {
  it.each(['\n', '\r\n', ''])('is for the text alone, whatever ends it: %j', terminator => {
    const line = 'x'.repeat(100)
    expect(read(bytesOf(line + terminator)).lines).toEqual([line])
    expect(read(bytesOf(`${line}x${terminator}`)).failures).toHaveLength(1)
  })

  it('is noticed before the line has ended', () => {
    const failures: string[] = []
    const reader = new LineReader({ line: () => expect.unreachable(), failed: detail => failures.push(detail) }, 100)
    for (let piece = 0; piece < 3; piece++) reader.push(Buffer.alloc(50, 'x'))
    expect(failures).toEqual(['the message is longer than 100 bytes'])
  })

  it('counts bytes, not characters', () => {
    expect(read(bytesOf(`${'ä'.repeat(50)}\n`)).failures).toEqual([])
    expect(read(bytesOf(`${'ä'.repeat(51)}\n`)).failures).toHaveLength(1)
  })
})

describe('what cannot be read', () => {
  it('is bytes that are not UTF-8', () => {
    const { lines, failures } = read([Buffer.from('a\n'), Buffer.from([0xff, 0x0a]), Buffer.from('b\n')])
    expect(lines).toEqual(['a'])
    expect(failures).toEqual(['the input is not valid UTF-8'])
  })

  it('ends everything, whatever follows, and is told once', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map(piece => Buffer.from(piece))
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 20 }), pieces => {
        const { lines, failures } = read([...pieces, Buffer.alloc(101, 'x'), ...pieces])
        expect(failures).toHaveLength(1)
        for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(100)
      }),
    )
  })
})

describe('long lines', () => {
  const long = `{${'x'.repeat(64 * 1024)}`

  function readLong(lines: readonly (string | Buffer)[]): unknown[] {
    const seen: unknown[] = []
    const reader = new LineReader(
      { line: text => seen.push(text), longLine: bytes => seen.push(bytes), failed: detail => seen.push([detail]) },
      1_000_000,
    )
    for (const line of lines) for (const bytes of [Buffer.from(line), Buffer.from('\r\n')]) reader.push(bytes)
    reader.end()
    return seen
  }

  it('stay bytes when they begin like a message', () => {
    expect(readLong([`${long}ä`, 'short', long])).toEqual([Buffer.from(`${long}ä`), 'short', Buffer.from(long)])
  })

  it('are text like others when they do not', () => {
    const blank = ' '.repeat(100_000)
    expect(readLong([blank, `${blank}x`, long.slice(0, -1)])).toEqual([`${blank}x`, long.slice(0, -1)])
  })

  it('must be UTF-8', () => {
    expect(readLong([Buffer.concat([Buffer.from(long), Buffer.from([0xff])]), long])).toEqual([
      ['the input is not valid UTF-8'],
    ])
  })
})
