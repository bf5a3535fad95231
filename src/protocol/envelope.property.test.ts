import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeMessage } from './envelope.ts'

/** What a message comes to, as far as it matters to whoever answers it. */
type Verdict =
  | { kind: 'request'; id: string; method: string; hasParams: boolean; traceparent?: string; tracestate?: string }
  | { kind: 'notification'; method: string; hasParams: boolean }
  | { kind: 'response' | 'error' | 'malformed'; id: string | undefined }

/** A number as it is written: what JSON.parse makes of it does not tell 1 from 1.0. */
class NumberToken {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** The rules of section "Messages" of docs/protocol.md, one after the other, on what JSON.parse says. */
function verdictByTheBook(text: string): Verdict {
  let value: unknown
  try {
    value = JSON.parse(text, (_key, each: unknown, context?: { source?: string }) =>
      typeof each === 'number' ? new NumberToken(context?.source ?? '') : each,
    )
  } catch {
    return { kind: 'malformed', id: undefined }
  }
  if (!isObject(value)) return { kind: 'malformed', id: undefined }
  const members = new Map(Object.entries(value))
  const id = idText(members.get('id'))
  const broken: Verdict = { kind: 'malformed', id }
  const hasParams = (members.get('params') ?? null) !== null
  const method = members.get('method')
  if (members.has('method') && !members.has('id')) {
    return typeof method === 'string' ? { kind: 'notification', method, hasParams } : broken
  }
  if (id === undefined) return broken
  if (members.has('method')) {
    const trace = members.get('trace') ?? {}
    if (typeof method !== 'string' || !isObject(trace)) return broken
    const carried = Object.entries(trace).filter(([name]) => name === 'traceparent' || name === 'tracestate')
    const given = carried.filter(([, each]) => each !== null)
    if (given.some(([, each]) => typeof each !== 'string')) return broken
    return { kind: 'request', id, method, hasParams, ...(Object.fromEntries(given) as Record<string, string>) }
  }
  if (members.has('result')) return { kind: 'response', id }
  const error = members.get('error')
  if (!isObject(error)) return broken
  const { code, message } = error as { code?: unknown; message?: unknown }
  return typeof message === 'string' && isSigned64(code) ? { kind: 'error', id } : broken
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberToken)
}

function isSigned64(value: unknown): value is NumberToken {
  if (!(value instanceof NumberToken) || !/^-?\d+$/.test(value.source)) return false
  const integer = BigInt(value.source)
  return integer >= -(2n ** 63n) && integer < 2n ** 63n
}

function idText(id: unknown): string | undefined {
  if (typeof id === 'string') return JSON.stringify(id)
  return isSigned64(id) ? id.source : undefined
}

function verdictOf(text: string): Verdict {
  const message = decodeMessage(text)
  switch (message.kind) {
    case 'request': {
      const { kind, id, method, params, trace } = message
      const { traceparent, tracestate } = trace ?? {}
      const carried = {
        ...(traceparent !== undefined && { traceparent }),
        ...(tracestate !== undefined && { tracestate }),
      }
      return { kind, id, method, hasParams: params !== undefined, ...carried }
    }
    case 'notification':
      return { kind: message.kind, method: message.method, hasParams: message.params !== undefined }
    default:
      return { kind: message.kind, id: message.id }
  }
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n')
const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '1', '-1', '1.0', '1e3', '-0.5E-7', '""', '"a"', '"ä"', '"\\u0061\\n"'),
  fc.constantFrom('9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775808'),
  fc.constantFrom('-9223372036854775809', `1${'0'.repeat(400)}`),
  fc.string({ unit: 'grapheme', maxLength: 4 }).map(text => JSON.stringify(text)),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }).map(String),
)
const anyValue = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }).map(value => JSON.stringify(value)) },
)

/** An object of some of these members, in any order, with blanks wherever they may be. */
function objectOf(members: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  return fc
    .subarray(Object.entries(members))
    .chain(chosen => fc.shuffledSubarray(chosen, { minLength: chosen.length }))
    .chain(chosen => fc.tuple(...chosen.map(([name, value]) => fc.tuple(space, keyText(name), space, value, space))))
    .map(
      all =>
        `{${all.map(([before, key, colon, value, after]) => `${before}${key}${colon}:${value}${after}`).join(',')}}`,
    )
}

/** A key is the same however its characters are spelled. */
function keyText(name: string): fc.Arbitrary<string> {
  const escaped = name.replace(/./u, first => `\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return fc.constantFrom(`"${name}"`, `"${name}"`, `"${name}"`, `"${escaped}"`)
}

const id = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('1', '"a"', '-7', '9007199254740993') }, anyValue)
const method = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('"process/read"', '""') }, anyValue)
const carried = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('null', '""', '"00-a-b-01"') }, anyValue)
const trace = fc.oneof(
  { weight: 4, arbitrary: objectOf({ traceparent: carried, tracestate: carried, more: anyValue }) },
  anyValue,
)
const error = fc.oneof(
  {
    weight: 3,
    arbitrary: objectOf({ code: fc.oneof(fc.constant('-32600'), scalar), message: anyValue, data: anyValue }),
  },
  { weight: 1, arbitrary: anyValue },
)
const members = { id, method, params: anyValue, trace, result: anyValue, error, jsonrpc: anyValue, more: anyValue }
const refusal = fc.tuple(id, error).map(([identity, failure]) => `{"id":${identity},"error":${failure}}`)
const envelope = fc.tuple(space, fc.oneof(objectOf(members), refusal), space).map(parts => parts.join(''))
const cutOff = fc.tuple(envelope, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)))

test('a message is what the rules say, whatever its members are', () => {
  const kinds = new Map<string, number>()
  fc.assert(
    fc.property(fc.oneof({ weight: 12, arbitrary: envelope }, anyValue, cutOff), text => {
      const expected = verdictByTheBook(text)
      kinds.set(expected.kind, (kinds.get(expected.kind) ?? 0) + 1)
      expect(verdictOf(text)).toEqual(expected)
    }),
    { numRuns: 10_000 },
  )
  for (const kind of ['request', 'notification', 'response', 'error', 'malformed']) {
    expect(kinds.get(kind), kind).toBeGreaterThan(50)
  }
})

test('a message that has any member twice is malformed and has no id', () => {
  const twice = fc.tuple(objectOf(members), fc.constantFrom(...Object.keys(members)), anyValue, anyValue)
  fc.assert(
    fc.property(twice, fc.boolean(), ([text, name, one, other], comesFirst) => {
      const pair = `"${name}":${one},"${name}":${other}`
      const inner = text.slice(1, -1)
      const parts = (comesFirst ? [pair, inner] : [inner, pair]).filter(part => part !== '')
      expect(verdictOf(`{${parts.join(',')}}`)).toEqual({ kind: 'malformed', id: undefined })
    }),
    { numRuns: 1000 },
  )
})
