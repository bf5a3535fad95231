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
const textOrMap = z.object({ in: z.union([z.string().min(3), z.object({ a: z.number() })]) })

describe('the message says what is wrong and where', () => {
  test.each<[z.ZodType, string, string]>([
    [read, '{}', 'missing field `processId`'],
    [signal, '{"processId":"p"}', 'missing field `signal`'],
    [start, '{"envPolicy":{"inherit":"all"}}', 'missing field `ignoreDefaultExcludes` in `envPolicy`'],
    [read, '', 'invalid type: null, expected a map'],
    [read, '[]', 'invalid type: sequence, expected a map'],
    [read, '1.5', 'invalid type: floating point `1.5`, expected a map'],
    [status, '[]', 'invalid type: sequence, expected unit'],
    [status, '{"x":1}', 'invalid type: map, expected unit'],
    [status, '5', 'invalid type: integer `5`, expected unit'],
    [start, '{"cwd":null}', 'invalid type: null, expected a string for `cwd`'],
    [start, '{"tty":"yes"}', 'invalid type: string "yes", expected a boolean for `tty`'],
    [start, '{"pipeStdin":null}', 'invalid type: null, expected a boolean for `pipeStdin`'],
    [start, '{"argv":{}}', 'invalid type: map, expected a sequence for `argv`'],
    [start, '{"argv":["ls",true]}', 'invalid type: boolean `true`, expected a string for `argv[1]`'],
    [start, '{"env":[]}', 'invalid type: sequence, expected a map for `env`'],
    [start, '{"env":{"A":5}}', 'invalid type: integer `5`, expected a string for `env.A`'],
    [start, '{"metadata":{"toolCallId":5}}', 'invalid type: integer `5`, expected a string for `metadata.toolCallId`'],
    [start, '{"metadata":1.5}', 'invalid type: floating point `1.5`, expected a map for `metadata`'],
    [
      read,
      '{"processId":9007199254740993}',
      'invalid type: integer `9007199254740993`, expected a string for `processId`',
    ],
  ])('%# %s', (schema, json, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[z.ZodType, string, string]>([
    [u64, '1000.0', 'invalid type: floating point `1000.0`, expected u64'],
    [u64, '1e3', 'invalid type: floating point `1e3`, expected u64'],
    [u64, '"1"', 'invalid type: string "1", expected u64'],
    [u64, '-1', 'invalid value: integer `-1`, expected u64'],
    [u64, '-9007199254740993', 'invalid value: integer `-9007199254740993`, expected u64'],
    [u64, '18446744073709551616', 'invalid value: integer `18446744073709551616`, expected u64'],
    [read, '{"processId":"p","waitMs":1000.0}', 'invalid type: floating point `1000.0`, expected u64 for `waitMs`'],
    [read, '{"processId":"p","afterSeq":-1}', 'invalid value: integer `-1`, expected u64 for `afterSeq`'],
    [port, '65536', 'invalid value: integer `65536`, expected at most 65535'],
    [port, '-1', 'invalid value: integer `-1`, expected at least 0'],
    [port, '9007199254740993', 'invalid value: integer `9007199254740993`, expected an integer up to 9007199254740991'],
    [port, 'true', 'invalid type: boolean `true`, expected an integer'],
  ])('about integers: %# %s', (schema, json, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[z.ZodType, string, string]>([
    [signal, '{"processId":"p","signal":"kill"}', 'unknown variant `kill`, expected `interrupt` for `signal`'],
    [signal, '{"processId":"p","signal":5}', 'invalid type: integer `5`, expected a string for `signal`'],
    [signal, '{"processId":"p","signal":null}', 'invalid type: null, expected a string for `signal`'],
    [z.enum(['a', 'b']), '"c"', 'unknown variant `c`, expected `a` or `b`'],
    [z.enum(['a', 'b', 'c']), '"A"', 'unknown variant `A`, expected one of `a`, `b`, `c`'],
    [z.literal('ready'), '"x"', 'unknown variant `x`, expected `ready`'],
    [tagged, '{"type":"c"}', 'unknown variant `c`, expected `a` or `b` for `type`'],
    [tagged, '{"type":5}', 'invalid type: integer `5`, expected a string for `type`'],
    [tagged, '{"type":1.5}', 'invalid type: floating point `1.5`, expected a string for `type`'],
    [tagged, '{}', 'missing field `type`'],
    [tagged, '{"type":"a"}', 'missing field `path`'],
    [tagged, '[]', 'invalid type: sequence, expected a map'],
    [z.object({ in: tagged }), '{"in":{}}', 'missing field `type` in `in`'],
  ])('about alternatives: %# %s', (schema, json, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[z.ZodType, string, string]>([
    [textOrMap, '{"in":{"a":true}}', 'invalid type: boolean `true`, expected an integer for `in.a`'],
    [textOrMap, '{"in":{}}', 'missing field `a` in `in`'],
    [textOrMap, '{"in":"x"}', 'invalid value: string "x", expected at least 3 for `in`'],
    [textOrMap, '{"in":5}', 'invalid type: integer `5`, expected a string for `in`'],
  ])('about the alternative that came furthest: %# %s', (schema, json, message) => {
    expect(explain(schema, json).message).toBe(message)
  })

  test.each<[z.ZodType, string, string]>([
    [pathUri, '"relative"', 'invalid URI: relative URL without a base'],
    [z.object({ cwd: pathUri }), '{"cwd":"relative"}', 'invalid URI: relative URL without a base'],
    [base64, '"QQ"', 'Invalid padding'],
    [z.array(base64), '["QQ=="," "]', 'Invalid symbol 32, offset 0.'],
  ])('in the own words of a scalar alone: %# %s', (schema, json, message) => {
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
