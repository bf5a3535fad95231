import fc from 'fast-check'
import { decodeMessage } from '../../src/protocol/envelope.ts'
import { hostility } from './hostile-messages.ts'

/** What makes bytes no UTF-8: RFC 3629 section 3, half a character, one too long, half a surrogate pair, a stray byte. */
const noUtf8 = fc.constantFrom([0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff], [0x80], [0xf4, 0x90, 0x80, 0x80])

const long = fc
  .tuple(fc.integer({ min: 1, max: 1_500_000 }), fc.constantFrom('x', '1', '[', '\\', 'ä', '"'))
  .map(([length, character]) => `{"id":1,"method":"process/read","params":{"processId":"${character.repeat(length)}`)

const deep = fc
  .tuple(fc.integer({ min: 100, max: 200_000 }), fc.constantFrom('[', '{"a":'))
  .map(([depth, opening]) => `{"id":1,"method":"process/read","params":${opening.repeat(depth)}`)

const hugeNumber = fc
  .tuple(fc.constantFrom('1'.repeat(100_000), '-1e999999', '1e-400000', '0.'.padEnd(5000, '3')), fc.boolean())
  .map(([number, isId]) => `{"id":${isId ? number : 1},"method":"process/read","params":{"afterSeq":${number}}}`)

const manyValues = fc
  .integer({ min: 262_000, max: 263_000 })
  .map(count => `{"id":1,"method":"environment/info","params":[${'0,'.repeat(count)}0]}`)

const blank = fc.constantFrom('', ' ', '\t \r', '\ufeff', '\u00a0', '\0')

const halfHandshake = fc.constantFrom(
  '{"id":0,"method":"initialize"}',
  '{"id":0,"method":"initialize","params":{"clientName":7}}',
  '{"id":0,"method":"initialize","params":{"clientName":"x","resumeSessionId":"x"}}',
  '{"id":0,"method":"initialized"}',
)

const small = hostility.map(each => Buffer.from(each.kind === 'text' ? each.text : each.bytes))
const large = fc.oneof(long, deep, hugeNumber).map(text => Buffer.from(text))
const largest = manyValues.map(text => Buffer.from(text))
const odd = fc.oneof(blank, halfHandshake).map(text => Buffer.from(text))

/** One line of a hostile client, without its end. There may be line feeds in it, which makes it several. */
export const hostileLine: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: small },
  { weight: 4, arbitrary: large },
  { weight: 4, arbitrary: odd },
  { weight: 1, arbitrary: largest },
)

/** The same with few that are large, for a million of them. */
export const hostileLineOfMany: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 350, arbitrary: small },
  { weight: 3, arbitrary: large },
  { weight: 46, arbitrary: odd },
  { weight: 1, arbitrary: largest },
)

/** Whether a connection goes on after it: section "Malformed and unexpected messages" of docs/protocol.md. */
export function isSurvivable(line: Buffer): boolean {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
  } catch {
    return false
  }
  return text
    .split('\n')
    .every(each => each.trim() === '' || ['request', 'malformed'].includes(decodeMessage(each).kind))
}

/** A line after which the connection is over. */
export const fatalLine: fc.Arbitrary<Buffer> = fc.oneof(
  hostileLine.filter(line => !isSurvivable(line) && !line.includes('initialized')),
  fc
    .tuple(fc.uint8Array({ maxLength: 20 }), noUtf8, fc.uint8Array({ maxLength: 20 }))
    .map(parts => Buffer.concat(parts.map(bytes => Buffer.from(bytes))))
    .filter(line => !isSurvivable(line)),
)

/** The same bytes in pieces that begin and end anywhere, in the middle of a character too. */
export function inPieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = places.map(place => place % (bytes.length + 1)).toSorted((one, other) => one - other)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index]))
}
