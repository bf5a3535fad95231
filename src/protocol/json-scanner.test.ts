import { describe, expect, test } from 'vitest'
import { scanJson } from './json-scanner.ts'
import { maxJsonDepth, maxJsonValues } from './limits.ts'

describe('duplicate keys', () => {
  test.each([
    ['next to each other', '{"a":1,"a":2}', 'a'],
    ['apart', '{"a":1,"b":2,"c":3,"a":4}', 'a'],
    ['spelled with an escape', String.raw`{"a":1,"\u0061":2}`, 'a'],
    ['spelled with an escape first', String.raw`{"x\/y":1,"x/y":2}`, 'x/y'],
    ['in a nested object', '{"a":{"b":[0,{"c":1,"c":2}]}}', 'c'],
    ['after a nested object', '{"a":{"b":1},"a":2}', 'a'],
    ['after a nested array', '{"a":[1,{"b":1}],"a":2}', 'a'],
    ['in an array', '[{"a":1},{"a":1,"a":1}]', 'a'],
    ['empty', '{"":1,"":2}', ''],
    ['named like a member of every object', '{"__proto__":1,"__proto__":2}', '__proto__'],
    ['in unusual white space', '\t{\r\n"a" : 1 ,\n"a" : 2 }', 'a'],
  ])('%s are refused', (_where, text, key) => {
    expect(scanJson(text).problem).toContain(`duplicate JSON object key \`${key}\``)
  })

  test.each([
    ['in sibling objects', '[{"a":1},{"a":2}]'],
    ['in an object and its member', '{"a":{"a":{"a":1}}}'],
    ['of different case', '{"a":1,"A":2}'],
    ['that look like a value', '{"a":"b","b":"a"}'],
    ['in a string', String.raw`{"a":"{\"b\":1,\"b\":2}"}`],
    ['as values', '["a","a",{"b":"a","c":"a"}]'],
    ['that differ in an escaped backslash', String.raw`{"\\u0061":1,"a":2}`],
  ])('equal names %s are none', (_where, text) => {
    expect(scanJson(text).problem).toBeUndefined()
  })

  test('are named in at most 64 characters', () => {
    const key = 'k'.repeat(1000)
    expect(scanJson(`{"${key}":1,"${key}":2}`).problem).toContain(`\`${'k'.repeat(63)}…\` at line 1 column 2008`)
  })
})

test('names line and column of the problem', () => {
  const text = '{"id":41,"method":"process/read","method":"process/start"}'
  expect(scanJson(text).problem).toBe('duplicate JSON object key `method` at line 1 column 41')
  expect(scanJson('{\n  "a": 1,\n  "a": 2\n}').problem).toBe('duplicate JSON object key `a` at line 3 column 5')
})

function arrayOf(valueCount: number, value: string): string {
  return `[${Array(valueCount - 1)
    .fill(value)
    .join(',')}]`
}

function keysOf(keyCount: number, member: string): string {
  return `{${Array.from({ length: keyCount }, (_, n) => `"${n}"${member}`).join(',')}}`
}

describe('nesting', () => {
  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of 127 %s is accepted and of 128 refused', (_kind, open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}0${close.repeat(depth)}`
    expect(scanJson(nested(maxJsonDepth)).problem).toBeUndefined()
    expect(scanJson(nested(maxJsonDepth + 1)).problem).toContain('nesting exceeds the limit of 127 levels')
  })

  test('counts only what is open at once', () => {
    expect(scanJson(`[${Array(1000).fill('[[]]').join(',')}]`).problem).toBeUndefined()
  })

  test('of a megabyte does not overflow', () => {
    expect(scanJson('['.repeat(1024 * 1024)).problem).toContain('nesting exceeds')
  })
})

describe('values', () => {
  test.each([
    ['numbers', '0'],
    ['strings', '"\\n"'],
    ['objects', '{}'],
    ['arrays', '[]'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', 'null'],
  ])('are limited to 262144: %s', (_kind, value) => {
    expect(scanJson(arrayOf(maxJsonValues, value)).problem).toBeUndefined()
    expect(scanJson(arrayOf(maxJsonValues + 1, value)).problem).toContain('exceeds the limit of 262144 JSON values')
  })

  test('do not include keys', () => {
    expect(scanJson(keysOf(maxJsonValues - 1, ':0')).problem).toBeUndefined()
    expect(scanJson(keysOf(maxJsonValues, ':0')).problem).toContain('exceeds the limit of 262144 JSON values')
  })

  test('bound the keys of an object that has no values', () => {
    expect(scanJson(keysOf(maxJsonValues + 1, '')).problem).toContain('exceeds the limit of 262144 JSON values')
  })

  test('may be one huge string', () => {
    expect(scanJson(`{"chunk":"${'A'.repeat(20_000_000)}"}`)).toEqual({ problem: undefined, hasFragileNumbers: false })
  })
})

describe('surrogate escapes', () => {
  test.each([
    ['a high half alone', String.raw`"\ud83d"`],
    ['a low half alone', String.raw`"\ude00"`],
    ['two high halves', String.raw`"\ud83d\ud83d"`],
    ['halves in the wrong order', String.raw`"\ude00\ud83d"`],
    ['halves that are apart', String.raw`"\ud83d \ude00"`],
    ['a high half before another escape', String.raw`"\ud83d\n"`],
    ['a half behind a pair', String.raw`"\ud83d\ude00\ude00"`],
    ['a half in a key', String.raw`{"\uD800":1}`],
    ['the last high half', String.raw`"\uDBFF"`],
    ['the last low half', String.raw`"\uDFFF"`],
  ])('%s is refused', (_what, text) => {
    expect(scanJson(text).problem).toMatch(/^unpaired surrogate `\\u....` in a string at line 1 column \d+$/)
  })

  test.each([
    ['a pair', String.raw`"\ud83d\ude00"`],
    ['a pair in capitals', String.raw`"\uD83D\uDE00"`],
    ['two pairs', String.raw`"\ud83d\ude00\ud83d\ude00"`],
    ['characters next to the surrogates', String.raw`"\ud7ff\ue000"`],
    ['an escaped backslash before the letters', String.raw`"\\ud83d"`],
    ['a character written as such', '"😀"'],
  ])('%s is accepted', (_what, text) => {
    expect(scanJson(text).problem).toBeUndefined()
  })
})

describe('fragile numbers', () => {
  test.each(['1.0', '1000.5', '1e3', '1E3', '-0.0', '9007199254740992', '-9007199254740992', '9'.repeat(1000)])(
    '%s is noticed wherever it is',
    token => {
      expect(scanJson(token).hasFragileNumbers).toBe(true)
      expect(scanJson(`{"a":[1,${token},2]}`)).toEqual({ problem: undefined, hasFragileNumbers: true })
    },
  )

  test.each(['0', '-1', '999999999999999', '9007199254740991', '-9007199254740991', '"1.5"', '"1e3"'])(
    '%s is not fragile',
    token => {
      expect(scanJson(`[${token}]`).hasFragileNumbers).toBe(false)
    },
  )
})

test.each(['', ' ', '"', '{"', '"\\', '"\\u', '"\\ud83d', '{"a', 'tru', '[1', ']', '}', ']]]', '\u0000', 'not-json'])(
  'ends on %j, which is no JSON',
  text => {
    expect(() => scanJson(text)).not.toThrow()
  },
)
