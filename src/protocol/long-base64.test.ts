import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, type Message } from './envelope.ts'
import { DecimalToken } from './json-numbers.ts'
import { WriteBlock, WriteFile } from './filesystem-schemas.ts'

const long = Buffer.alloc(100_000, 'a word ')
const text = long.toString('base64')

/** The parameters of a message that comes as bytes, decoded. */
function paramsOf(message: string): unknown {
  const decoded = decodeMessage(Buffer.from(message))
  if (decoded.kind !== 'request') throw new Error(JSON.stringify(decoded))
  return decoded.params
}

describe('a long parameter', () => {
  it.each(['chunk', 'dataBase64', 'bodyBase64'])('of base64 arrives as bytes: %s', key => {
    const params = { before: [1, { chunk: 'QQ==' }], [key]: text, after: 'b', big: 5 }
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', params, trace: null }))).toEqual({ ...params, [key]: long })
    const fragile = JSON.stringify({ id: 1, method: 'm', params }).replace('"big":5', '"big":9007199254740993')
    expect(paramsOf(fragile)).toEqual({ ...params, [key]: long, big: 9_007_199_254_740_993n })
  })

  it.each([
    ['has another name', { text }],
    ['is no base64', { chunk: `${text}*` }],
    ['is short', { chunk: 'QUJD' }],
    ['is deeper down', { one: { chunk: text } }],
    ['is in a list', [text]],
  ])('stays as it is when it %s', (_why, params) => {
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', params }))).toEqual(params)
  })

  it('only counts among the parameters', () => {
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', chunk: text, other: { chunk: text }, params: {} }))).toEqual(
      {},
    )
  })

  it.each([
    ['an escape', text.replace('YS', String.raw`\u0059S`), 'h'],
    ['a longer one before it', text, 'h'.repeat(200_000)],
  ])('with %s is as good', (_what, chunk, handleId) => {
    const message = `{"id":1,"method":"m","params":{"handleId":"${handleId}","offset":0,"chunk":"${chunk}"}}`
    expect(WriteBlock.parse(paramsOf(message))).toMatchObject({ chunk: long })
  })

  it('is read by schemas whichever way it came', () => {
    for (const contents of [text, long]) {
      expect(WriteBlock.parse({ handleId: 'h', offset: 0, chunk: contents }).chunk).toEqual(long)
      expect(WriteFile.safeParse({ path: 'file:///a', dataBase64: contents }).success).toBe(true)
    }
  })

  it.each([
    ['comes twice', `"chunk":"${text}","ch\\u0075nk":""`],
    ['has a half character beside it', String.raw`"chunk":"${text}","a":"\ud800"`],
    ['has too much beside it', `"chunk":"${text}","a":${'['.repeat(200)}${']'.repeat(200)}`],
    ['has no comma behind it', `"chunk":"${text}" "a":1`],
    ['has no quote before it', `"chunk":1${text}","a":1`],
  ])('is refused as in text when it %s', (_what, params) => {
    const message = `{"id":1,"method":"m","params":{${params}}}`
    const refused = decodeMessage(message)
    expect(refused.kind).toBe('malformed')
    expect(decodeMessage(Buffer.from(message))).toEqual(refused)
  })

  it('is found around any other text', () => {
    const params = { before: 'ä\u{1f600}', chunk: text, after: String.raw`\"` }
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', params }))).toEqual({ ...params, chunk: long })
  })
})

/** A long text and what is wrong with it. */
interface LongValue {
  readonly pattern: Uint8Array
  readonly bytes: number
  readonly put: string
  readonly at: Place
}

/** From the beginning, from the end, or around the edge of a piece. */
type Place = readonly ['start' | 'end' | 'piece' | 'share', number]

interface MessageDraft {
  readonly members: readonly (readonly [string, ValueDraft])[]
  readonly params: readonly (readonly [string, ValueDraft])[]
  readonly damage: { readonly put: string; readonly at: Place; readonly cut: boolean } | undefined
}

type ValueDraft = string | LongValue | { readonly inside: string; readonly value: LongValue }

const place: fc.Arbitrary<Place> = fc.oneof(
  fc.tuple(fc.constantFrom('start', 'end'), fc.nat({ max: 60 })),
  fc.tuple(fc.constant('piece'), fc.nat({ max: 8 })),
  fc.tuple(fc.constant('share'), fc.nat({ max: 1000 })),
)

/** Some of it is base64, most is not, and some is not even JSON. */
const foreign = fc.oneof(
  fc.constantFrom('A', '+', '/', '=', '==', '-', '_', ' ', '*', 'é', 'Ł', '\u{1f600}', '"', '\\', '\n', '{', '}', ','),
  fc.constantFrom(String.raw`\n`, String.raw`\"`, String.raw`\u0041`, String.raw`\ud800`, '","chunk":"', '"}}', '\0'),
)

const longValue: fc.Arbitrary<LongValue> = fc.record({
  pattern: fc.uint8Array({ minLength: 1, maxLength: 50 }),
  bytes: fc.integer({ min: 49_140, max: 120_000 }),
  put: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: foreign }),
  at: place,
})

const shortValue = fc.constantFrom('1', '9007199254740993', '1.5', 'null', '"a"', '"ä\u{1f600}"', '"QUJD"', '[]', '{}')
const paramKey = fc.constantFrom('chunk', 'chunk', 'dataBase64', 'bodyBase64', 'text', String.raw`ch\u0075nk`, 'offset')
const anyValue: fc.Arbitrary<ValueDraft> = fc.oneof(
  shortValue,
  longValue,
  fc.record({ inside: fc.constantFrom('{"chunk":#}', '[#]', '{"params":{"chunk":#}}'), value: longValue }),
)

const paramValue = fc.oneof({ weight: 2, arbitrary: longValue }, { weight: 1, arbitrary: anyValue })

const draft: fc.Arbitrary<MessageDraft> = fc.record({
  members: fc.array(fc.tuple(fc.constantFrom('trace', 'other', 'chunk', 'id'), anyValue), { maxLength: 1 }),
  params: fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom('handleId', 'a', 'b', 'chunk'), shortValue), { maxLength: 2 }),
      fc.array(fc.tuple(paramKey, paramValue), { minLength: 1, maxLength: 2 }),
      fc.array(fc.tuple(fc.constantFrom('z', 'y'), shortValue), { maxLength: 1 }),
    )
    .map(all => all.flat()),
  damage: fc.option(fc.record({ put: foreign, at: place, cut: fc.boolean() }), { nil: undefined, freq: 1 }),
})

function offsetOf([from, distance]: Place, length: number): number {
  switch (from) {
    case 'start':
      return Math.min(distance, length)
    case 'end':
      return Math.max(length - distance, 0)
    case 'piece':
      return Math.min(48 * 1024 - 4 + distance, length)
    case 'share':
      return Math.trunc((length * distance) / 1000)
  }
}

function replaced(text: string, at: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + put.length)
}

function valueText(value: ValueDraft): string {
  if (typeof value === 'string') return value
  if ('inside' in value) return value.inside.replace('#', valueText(value.value))
  const base64 = Buffer.alloc(value.bytes, value.pattern).toString('base64')
  return `"${replaced(base64, offsetOf(value.at, base64.length), value.put)}"`
}

function messageText({ members, params, damage }: MessageDraft): string {
  const objectText = (entries: readonly (readonly [string, string])[]) =>
    `{${entries.map(([key, value]) => `"${key}":${value}`).join(',')}}`
  const texts = (entries: MessageDraft['params']) => entries.map(([key, value]) => [key, valueText(value)] as const)
  const whole = objectText([['id', '1'], ['method', '"m"'], ['params', objectText(texts(params))], ...texts(members)])
  if (damage === undefined) return whole
  const at = offsetOf(damage.at, whole.length)
  return (damage.cut ? whole.slice(0, at) : replaced(whole, at, damage.put)).toWellFormed()
}

/** What can be compared: bytes as the text they were, and each number apart from any other value. */
function comparable(message: unknown): unknown {
  if (Buffer.isBuffer(message)) return message.toString('base64')
  if (message instanceof DecimalToken) return { decimal: message.source }
  if (typeof message !== 'object' || message === null) return message
  return Object.entries(message).map(([key, value]) => [key, comparable(value)])
}

function hasBytes(message: Message): boolean {
  return 'params' in message && Object.values(message.params ?? {}).some(value => Buffer.isBuffer(value))
}

it('a message comes to the same as bytes and as text, whatever it is', () => {
  let withBytes = 0
  fc.assert(
    fc.property(draft, each => {
      const message = messageText(each)
      const fromText = decodeMessage(message)
      const fromBytes = decodeMessage(Buffer.from(message))
      if (hasBytes(fromBytes)) withBytes += 1
      expect(hasBytes(fromText)).toBe(false)
      // Not `toEqual`: a difference would be printed, all of it.
      expect(isDeepStrictEqual(comparable(fromBytes), comparable(fromText))).toBe(true)
    }),
    { numRuns: 600 },
  )
  expect(withBytes).toBeGreaterThan(60)
})
