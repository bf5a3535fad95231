import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { BytesResult } from './bytes-result.ts'
import {
  decodeMessage,
  encodeBytesReply,
  encodeError,
  encodeNotification,
  encodeReply,
  malformedId,
  type Message,
} from './envelope.ts'
import { GatewayError } from './gateway-error.ts'
import { textOf } from './outgoing-message.ts'
import { DecimalToken } from './json-numbers.ts'
import { maxJsonDepth, maxJsonValues } from './limits.ts'

const request = { kind: 'request', id: '1', method: 'm', params: undefined, trace: undefined }
const notification = { kind: 'notification', method: 'm', params: undefined }

describe('classification', () => {
  test.each([
    ['an id and a method', '{"id":1,"method":"m"}', request],
    ['an id, a method and a result', '{"id":1,"method":"m","result":1,"error":{}}', request],
    ['a jsonrpc member of any type', '{"jsonrpc":7,"id":1,"method":"m"}', request],
    ['unknown members', '{"id":1,"method":"m","more":[{}]}', request],
    ['an unknown method', '{"id":1,"method":""}', { ...request, method: '' }],
  ])('takes a message with %s for a request', (_what, text, message) => {
    expect(decodeMessage(text)).toEqual(message)
  })

  test.each([
    ['a method alone', '{"method":"m"}'],
    ['a method and a result', '{"method":"m","result":1}'],
    ['a trace of any type', '{"method":"m","trace":5}'],
  ])('takes a message with %s for a notification', (_what, text) => {
    expect(decodeMessage(text)).toEqual(notification)
  })

  test.each(['{"id":1,"result":{}}', '{"id":1,"result":null}', '{"id":1,"result":false,"error":5}'])(
    'takes %s for a response',
    text => {
      expect(decodeMessage(text)).toEqual({ kind: 'response', id: '1' })
    },
  )

  test.each([
    '{"id":1,"error":{"code":-32600,"message":"no"}}',
    '{"id":1,"error":{"code":9007199254740993,"message":"","data":[1.5]}}',
  ])('takes %s for an error', text => {
    expect(decodeMessage(text)).toEqual({ kind: 'error', id: '1' })
  })

  test.each(['null', '5', '1.5', '"text"', 'true', '[]', '[{"id":42,"method":"environment/status"}]'])(
    'expects an object, not %s',
    text => {
      expect(decodeMessage(text)).toEqual({ kind: 'malformed', id: undefined, detail: 'expected a JSON-RPC object' })
    },
  )
})

describe('ids', () => {
  test.each([
    ['0', '0'],
    ['-1', '-1'],
    ['9007199254740991', '9007199254740991'],
    ['9007199254740993', '9007199254740993'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['""', '""'],
    ['"abc-43"', '"abc-43"'],
    ['"1"', '"1"'],
    [String.raw`"\u0061\"\n😀"`, String.raw`"a\"\n😀"`],
  ])('echo %s as %s', (id, echoed) => {
    expect(decodeMessage(`{"id":${id},"method":"m"}`)).toEqual({ ...request, id: echoed })
    expect(decodeMessage(`{"id":${id},"result":1.5}`)).toEqual({ kind: 'response', id: echoed })
  })

  test.each(['null', 'true', '1.0', '1e3', '9223372036854775808', '-9223372036854775809', '1'.repeat(400), '[]', '{}'])(
    'are never %s',
    id => {
      for (const rest of ['"method":"m"', '"result":1', '"error":{"code":1,"message":""}']) {
        expect(decodeMessage(`{"id":${id},${rest}}`)).toEqual({
          kind: 'malformed',
          id: undefined,
          detail: expect.stringMatching(/^invalid type: .*, expected a string or a signed 64-bit integer for `id`$/),
        })
      }
    },
  )
})

describe('trace', () => {
  const traceOf = (trace: string) => decodeMessage(`{"id":1,"method":"m","trace":${trace}}`)

  test.each([
    ['null', undefined],
    ['{}', { traceparent: undefined, tracestate: undefined }],
    ['{"traceparent":null,"tracestate":null}', { traceparent: undefined, tracestate: undefined }],
    ['{"traceparent":"garbage"}', { traceparent: 'garbage', tracestate: undefined }],
    ['{"traceparent":"00-a-b-01","tracestate":"v=1","more":5}', { traceparent: '00-a-b-01', tracestate: 'v=1' }],
  ])('of %s is carried along', (trace, carrier) => {
    expect(traceOf(trace)).toEqual({ ...request, trace: carrier })
  })

  test.each([
    ['"garbage"', 'invalid type: string "garbage", expected a map for `trace`'],
    ['5', 'invalid type: integer `5`, expected a map for `trace`'],
    ['1.5', 'invalid type: floating point `1.5`, expected a map for `trace`'],
    ['false', 'invalid type: boolean `false`, expected a map for `trace`'],
    ['[]', 'invalid type: sequence, expected a map for `trace`'],
    ['{"traceparent":5}', 'invalid type: integer `5`, expected a string for `trace.traceparent`'],
    ['{"tracestate":{}}', 'invalid type: map, expected a string for `trace.tracestate`'],
  ])('of %s spoils the request, which is answered under its id', (trace, detail) => {
    expect(traceOf(trace)).toEqual({ kind: 'malformed', id: '1', detail })
  })
})

describe('a malformed message', () => {
  test.each([
    ['{"id":"a","method":5}', '"a"', 'invalid type: integer `5`, expected a string for `method`'],
    ['{"id":1,"method":null}', '1', 'invalid type: null, expected a string for `method`'],
    ['{"id":1}', '1', 'missing field `error`'],
    ['{"id":1,"error":null}', '1', 'invalid type: null, expected a map for `error`'],
    ['{"id":1,"error":{"message":""}}', '1', 'missing field `error.code`'],
    ['{"id":1,"error":{"code":1}}', '1', 'missing field `error.message`'],
    ['{"id":1,"error":{"code":1.0,"message":""}}', '1', /^invalid type: floating point `1.0`, .* for `error.code`$/],
    ['{"id":1,"error":{"code":9223372036854775808,"message":""}}', '1', /for `error.code`$/],
    ['{"id":1,"error":{"code":1,"message":[]}}', '1', /^invalid type: sequence, .* for `error.message`$/],
  ])('%s keeps its id', (text, id, detail) => {
    expect(decodeMessage(text)).toEqual({ kind: 'malformed', id, detail: expect.stringMatching(detail) })
  })

  test.each([
    ['', /JSON/],
    ['not-json', /JSON/],
    ['{"id":1,"method":"m"} x', /JSON/],
    ['{"id":1,"method":"m"}{}', /JSON/],
    ['\ufeff{"id":1,"method":"m"}', /JSON/],
    ['{"id":1,"method":"m",}', /JSON/],
    ['{"id":01,"method":"m"}', /JSON/],
    ['{"id":1,"method":"m\n"}', /control character/],
    ['{"id":1,"method":"a","method":"b"}', /^duplicate JSON object key `method` at line 1 column 29$/],
    ['{"id":1,"method":"m","params":{"a":[{"b":1,"b":2}]}}', /^duplicate JSON object key `b`/],
    [String.raw`{"id":1,"method":"m","params":"\ud83d"}`, /^unpaired surrogate/],
    ['{}', /^missing field `id`$/],
    ['{"result":1}', /^missing field `id`$/],
    ['{"error":{"code":1,"message":""}}', /^missing field `id`$/],
    ['{"method":5}', /^invalid type: integer `5`, expected a string for `method`$/],
    ['{"method":null}', /^invalid type: null, expected a string for `method`$/],
  ])('%j has no id', (text, detail) => {
    expect(decodeMessage(text)).toEqual({ kind: 'malformed', id: undefined, detail: expect.stringMatching(detail) })
  })

  test('nests deeper than 127 levels', () => {
    const nested = (depth: number) =>
      decodeMessage(`{"id":1,"method":"m","params":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`)
    expect(nested(maxJsonDepth).kind).toBe('request')
    expect(nested(maxJsonDepth + 1)).toMatchObject({ kind: 'malformed', id: undefined })
  })

  test('holds more than 262144 values', () => {
    const counted = (valueCount: number) =>
      decodeMessage(
        `{"id":1,"method":"m","params":[${Array(valueCount - 4)
          .fill('0')
          .join(',')}]}`,
      )
    expect(counted(maxJsonValues).kind).toBe('request')
    expect(counted(maxJsonValues + 1)).toEqual({
      kind: 'malformed',
      id: undefined,
      detail: expect.stringContaining('exceeds the limit of 262144 JSON values'),
    })
  })
})

describe('params', () => {
  test.each(['', ',"params":null'])('are absent when a message has %j of them', params => {
    expect(decodeMessage(`{"id":1,"method":"m"${params}}`)).toEqual(request)
    expect(decodeMessage(`{"method":"m"${params}}`)).toEqual(notification)
  })

  test('are parsed once, with an eye on each number only if one would be damaged', () => {
    using parse = vi.spyOn(JSON, 'parse')
    decodeMessage('{"id":1,"method":"m","params":[1]}')
    decodeMessage('{"id":1,"method":"m","params":[1.5]}')
    expect(parse.mock.calls.map(call => call.length)).toEqual([1, 2])
  })

  test.each(['false', '0', '""', '[]', '{}'])('may be %s', params => {
    expect(decodeMessage(`{"id":1,"method":"m","params":${params}}`)).toEqual({
      ...request,
      params: JSON.parse(params),
    })
    expect(decodeMessage(`{"method":"m","params":${params}}`)).toEqual({ ...notification, params: JSON.parse(params) })
  })

  test('come through as they were encoded', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
        const params = JSON.stringify(value)
        const message = decodeMessage(`{"id":1,"method":"m","params":${params}}`)
        expect(message).toMatchObject({ kind: 'request', id: '1' })
        expect(JSON.stringify(paramsOf(message) ?? null, inexactly)).toBe(params)
      }),
      { numRuns: 1000 },
    )
  })

  test('keep the digits of every number', () => {
    fc.assert(
      fc.property(fc.array(numberToken()), tokens => {
        const params = paramsOf(decodeMessage(`{"method":"m","params":[${tokens.join(',')}]}`))
        expect((params as unknown[]).map(asWritten)).toEqual(tokens)
      }),
    )
  })
})

test('no text makes the decoder throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array().map(bytesAsText)), text => {
      expect(decodeMessage(text).kind).toMatch(/^(request|notification|response|error|malformed)$/)
    }),
    { numRuns: 2000 },
  )
})

describe('encoding', () => {
  test('echoes the id of a request in replies and errors', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }).map(asJson),
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
        ),
        id => {
          const message = decodeMessage(`{"id":${id},"method":"m"}`)
          if (message.kind !== 'request') throw new Error(`decoded as ${message.kind}`)
          expect(message.id).toBe(id)
          expect(encodeReply(message.id, {})).toBe(`{"id":${id},"result":{}}`)
        },
      ),
    )
  })

  test.each([
    [{ status: 'ready' }, '{"id":-1,"result":{"status":"ready"}}'],
    [[], '{"id":-1,"result":[]}'],
    [null, '{"id":-1,"result":null}'],
    [undefined, '{"id":-1,"result":null}'],
    [false, '{"id":-1,"result":false}'],
  ])('writes the result %j', (result, text) => {
    expect(encodeReply(malformedId, result)).toBe(text)
  })

  test.each([
    [new BytesResult('chunk', Buffer.from('ok'), {}), { chunk: 'b2s=' }],
    [new BytesResult('chunk', Buffer.alloc(0), { eof: true, note: 'a "b"' }), { chunk: '', eof: true, note: 'a "b"' }],
  ])('writes a result with bytes: %#', (result, read) => {
    expect(textOf(encodeBytesReply(malformedId, result))).toBe(JSON.stringify({ id: -1, result: read }))
  })

  test('writes an error with and without data', () => {
    expect(encodeError(malformedId, { code: -32600, message: 'a "b"' })).toBe(
      String.raw`{"id":-1,"error":{"code":-32600,"message":"a \"b\""}}`,
    )
    expect(encodeError(malformedId, { code: -32602, message: 'm', data: { field: 'cwd' } })).toBe(
      '{"id":-1,"error":{"code":-32602,"message":"m","data":{"field":"cwd"}}}',
    )
  })

  test('writes an error of ours without its kind and cause', () => {
    const error = new GatewayError('notFound', 'gone', { cause: new Error('ENOENT') })
    expect(encodeError(malformedId, error)).toBe('{"id":-1,"error":{"code":-32004,"message":"gone"}}')
  })

  test('never writes half a character in the message of an error', () => {
    expect(encodeError(malformedId, { code: 1, message: 'a\ud83d' })).toBe(
      '{"id":-1,"error":{"code":1,"message":"a\ufffd"}}',
    )
    const { detail } = malformedBy('😀'.repeat(20))
    expect(decodeMessage(encodeError(malformedId, { code: -32600, message: detail }))).toEqual({
      kind: 'error',
      id: '-1',
    })
  })

  test('writes a notification that decodes to itself', () => {
    const text = encodeNotification('process/closed', { processId: 'p', seq: 5 })
    expect(text).toBe('{"method":"process/closed","params":{"processId":"p","seq":5}}')
    expect(decodeMessage(text)).toEqual({
      kind: 'notification',
      method: 'process/closed',
      params: { processId: 'p', seq: 5 },
    })
  })
})

function malformedBy(text: string): { detail: string } {
  const message = decodeMessage(text)
  if (message.kind !== 'malformed') throw new Error(`decoded as ${message.kind}`)
  return message
}

function paramsOf(message: Message): unknown {
  if (!('params' in message)) throw new Error(`decoded as ${message.kind}`)
  return message.params
}

/** JSON.stringify's replacer that undoes exact numbers. */
function inexactly(_key: string, value: unknown): unknown {
  if (value instanceof DecimalToken) return Number(value.source)
  return typeof value === 'bigint' ? Number(value) : value
}

function asWritten(value: unknown): string {
  return value instanceof DecimalToken ? value.source : String(value)
}

function numberToken(): fc.Arbitrary<string> {
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).map(asJson)
  return fc.oneof(fc.bigInt().map(String), fc.integer().map(String), doubles, fc.constantFrom('1.0', '1e3', '-0.5E-7'))
}

function asJson(text: string | number): string {
  return JSON.stringify(text)
}

function bytesAsText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
