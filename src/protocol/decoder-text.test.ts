import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { explainIssues, type RefusedParams } from './decoder-text.ts'
import { parseJsonExactly } from './json-numbers.ts'
import { methods } from './method-table.ts'
import { base64, pathUri, u64 } from './scalars.ts'

/** Explains why a schema refuses a JSON text. Empty text stands for absent params. */
function explain(schema: z.ZodType, json: string): RefusedParams {
  const input = json === '' ? undefined : parseJsonExactly(json)
  const { error } = schema.safeParse(input)
  if (error === undefined) throw new Error('the schema accepts the value')
  return explainIssues(error, input)
}

const read = methods['process/read'].params
const start = methods['process/start'].params.partial()
const signal = methods['process/signal'].params
const status = methods['environment/status'].params
const port = z.number().min(0).max(65_535)
const tagged = z.discriminatedUnion('type', [
  z.object({ type: z.literal('a'), path: z.string() }),
  z.object({ type: z.literal('b') }),
])
const textOrTrue = z.union([z.string(), z.literal(true)], { error: 'expected a name or true' })
const textOrMap = z.object({ in: z.union([z.string().min(3), z.object({ a: z.number() })]) })

describe('the message says what is wrong and where', () => {
  test.each<[string, z.ZodType, string]>([
    ['{}', read, 'missing field `processId`'],
    ['{"processId":"p"}', signal, 'missing field `signal`'],
    ['{"envPolicy":{"inherit":"all"}}', start, 'missing field `ignoreDefaultExcludes` in `envPolicy`'],
    ['', read, 'invalid type: null, expected a map'],
    ['[]', read, 'invalid type: sequence, expected a map'],
    ['1.5', read, 'invalid type: floating point `1.5`, expected a map'],
    ['[]', status, 'invalid type: sequence, expected unit'],
    ['{"x":1}', status, 'invalid type: map, expected unit'],
    ['5', status, 'invalid type: integer `5`, expected unit'],
    ['{"cwd":null}', start, 'invalid type: null, expected a string for `cwd`'],
    ['{"tty":"yes"}', start, 'invalid type: string "yes", expected a boolean for `tty`'],
    ['{"pipeStdin":null}', start, 'invalid type: null, expected a boolean for `pipeStdin`'],
    ['{"argv":{}}', start, 'invalid type: map, expected a sequence for `argv`'],
    ['{"argv":["ls",true]}', start, 'invalid type: boolean `true`, expected a string for `argv[1]`'],
    ['{"env":[]}', start, 'invalid type: sequence, expected a map for `env`'],
    ['{"env":{"A":5}}', start, 'invalid type: integer `5`, expected a string for `env.A`'],
    ['{"metadata":{"toolCallId":5}}', start, 'invalid type: integer `5`, expected a string for `metadata.toolCallId`'],
    ['{"metadata":1.5}', start, 'invalid type: floating point `1.5`, expected a map for `metadata`'],
    [
      '{"processId":9007199254740993}',
      read,
      'invalid type: integer `9007199254740993`, expected a string for `processId`',
    ],
  ])('as for %s', (json, schema, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[string, z.ZodType, string]>([
    ['1000.0', u64, 'invalid type: floating point `1000.0`, expected u64'],
    ['1e3', u64, 'invalid type: floating point `1e3`, expected u64'],
    ['"1"', u64, 'invalid type: string "1", expected u64'],
    ['-1', u64, 'invalid value: integer `-1`, expected u64'],
    ['-9007199254740993', u64, 'invalid value: integer `-9007199254740993`, expected u64'],
    ['18446744073709551616', u64, 'invalid value: integer `18446744073709551616`, expected u64'],
    ['{"processId":"p","waitMs":1000.0}', read, 'invalid type: floating point `1000.0`, expected u64 for `waitMs`'],
    ['{"processId":"p","afterSeq":-1}', read, 'invalid value: integer `-1`, expected u64 for `afterSeq`'],
    ['65536', port, 'invalid value: integer `65536`, expected at most 65535'],
    ['-1', port, 'invalid value: integer `-1`, expected at least 0'],
    ['9007199254740993', port, 'invalid value: integer `9007199254740993`, expected an integer up to 9007199254740991'],
    ['true', port, 'invalid type: boolean `true`, expected an integer'],
  ])('as for the integer in %s', (json, schema, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[string, z.ZodType, string]>([
    [
      '{"processId":"p","signal":"stop"}',
      signal,
      'unknown variant `stop`, expected one of `interrupt`, `terminate`, `kill`, `hangup`, `quit`, `usr1`, `usr2` for `signal`',
    ],
    ['{"processId":"p","signal":5}', signal, 'invalid type: integer `5`, expected a string for `signal`'],
    ['{"processId":"p","signal":null}', signal, 'invalid type: null, expected a string for `signal`'],
    ['"c"', z.enum(['a', 'b']), 'unknown variant `c`, expected `a` or `b`'],
    ['"A"', z.enum(['a', 'b', 'c']), 'unknown variant `A`, expected one of `a`, `b`, `c`'],
    ['"x"', z.literal('ready'), 'unknown variant `x`, expected `ready`'],
    ['{"type":"c"}', tagged, 'unknown variant `c`, expected `a` or `b` for `type`'],
    ['{"type":5}', tagged, 'invalid type: integer `5`, expected a string for `type`'],
    ['{"type":1.5}', tagged, 'invalid type: floating point `1.5`, expected a string for `type`'],
    ['{}', tagged, 'missing field `type`'],
    ['{"type":"a"}', tagged, 'missing field `path`'],
    ['[]', tagged, 'invalid type: sequence, expected a map'],
    ['{"in":{}}', z.object({ in: tagged }), 'missing field `type` in `in`'],
  ])('as for the alternatives in %s', (json, schema, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[string, z.ZodType, string]>([
    ['{"in":{"a":true}}', textOrMap, 'invalid type: boolean `true`, expected an integer for `in.a`'],
    ['{"in":{}}', textOrMap, 'missing field `a` in `in`'],
    ['{"in":"x"}', textOrMap, 'invalid value: string "x", expected at least 3 for `in`'],
    ['{"in":5}', textOrMap, 'invalid type: integer `5`, expected a string for `in`'],
    ['{"a":5}', textOrTrue, 'invalid type: map, expected a name or true'],
    ['5', textOrTrue, 'invalid type: integer `5`, expected a name or true'],
  ])('by the alternative that came furthest, as for %s', (json, schema, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[string, z.ZodType, string]>([
    ['"relative"', pathUri, 'invalid URI: relative URL without a base'],
    ['{"cwd":"relative"}', z.object({ cwd: pathUri }), 'invalid URI: relative URL without a base'],
    ['"QQ"', base64, 'Invalid padding'],
    ['["QQ=="," "]', z.array(base64), 'Invalid symbol 32, offset 0.'],
  ])('in the words of the scalar alone, as for %s', (json, schema, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test('falls back on what the schema says', () => {
    expect(explain(z.email(), '"x"').message).toBe('invalid value: string "x", invalid email address')
    expect(explain(z.strictObject({}), '{"x":1}').message).toBe('invalid type: map, unrecognized key: "x"')
    expect(explainIssues(new z.ZodError([]), {})).toEqual({
      message: 'invalid value',
      field: undefined,
      value: undefined,
    })
  })
})

describe('field and value', () => {
  test.each([
    ['{}', 'processId', undefined],
    ['', undefined, 'null'],
    ['[]', undefined, 'sequence'],
    ['{"processId":null}', 'processId', 'null'],
    ['{"processId":1.50}', 'processId', '1.50'],
    ['{"processId":{}}', 'processId', 'map'],
    ['{"processId":"p","waitMs":"1"}', 'waitMs', '"1"'],
    ['{"processId":"p","waitMs":18446744073709551616}', 'waitMs', '18446744073709551616'],
  ])('of %s are named', (json, field, value) => {
    expect(explain(read, json)).toMatchObject({ field, value })
  })

  test('lead into lists and maps', () => {
    expect(explain(start, '{"argv":[5]}').field).toBe('argv[0]')
    expect(explain(start, '{"sandbox":{"permissions":{"type":"external"}}}').field).toBe('sandbox.permissions.network')
  })

  test('are shortened, and so is the message', () => {
    const long = '😀'.repeat(1_000_000)
    const { message, field, value } = explain(start, JSON.stringify({ env: { [long]: { [long]: long } } }))
    expect(field).toBe(`env.${'😀'.repeat(31)}…`)
    expect(value).toBe('map')
    expect(message.length).toBeLessThan(200)
    expect(explain(read, JSON.stringify({ processId: [], waitMs: long })).value).toBe('sequence')
    expect(explain(u64, JSON.stringify(long)).value).toBe(`"${'😀'.repeat(31)}…"`)
    expect(explain(u64, `1.${'5'.repeat(1000)}`).value).toHaveLength(64)
    expect(explain(z.enum(['a']), JSON.stringify(long)).message.length).toBeLessThan(100)
  })
})
