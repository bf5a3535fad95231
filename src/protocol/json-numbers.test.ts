import { describe, expect, test } from 'vitest'
import { DecimalToken, parseJsonExactly } from './json-numbers.ts'
import { methods } from './method-table.ts'

describe('parsing without loss in numbers', () => {
  test.each([
    ['0', 0],
    ['-1', -1],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', 9_007_199_254_740_992n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
  ])('reads %s as the integer it is', (text, value) => {
    expect(parseJsonExactly(text)).toBe(value)
    expect(parseJsonExactly(`{"a":[${text}]}`)).toEqual({ a: [value] })
  })

  test.each(['1.0', '1.5', '1e3', '-1E-3', '0.1', '1e999', '184467440737095516150', '-92233720368547758080'])(
    'keeps %s as it is written',
    text => {
      const token = parseJsonExactly(text)
      expect(token).toBeInstanceOf(DecimalToken)
      expect(token).toHaveProperty('source', text)
    },
  )

  test('leaves everything but numbers alone', () => {
    const text = '{"a":"1.5","b":[null,true,false,{}],"__proto__":{"c":"9007199254740993"}}'
    expect(JSON.stringify(parseJsonExactly(text))).toBe(text)
  })

  test('throws like JSON.parse when the text is no JSON', () => {
    expect(() => parseJsonExactly('[1.5')).toThrow(SyntaxError)
  })
})

test('no schema takes a decimal, not even one whose members are all optional', () => {
  const decimal = DecimalToken.of('1.5')
  const accepted = Object.entries(methods).filter(([, { params }]) => params.safeParse(decimal).success)
  expect(accepted).toEqual([])
  expect(methods['process/start'].params.shape.metadata.safeParse({}).success).toBe(true)
  expect(methods['process/start'].params.shape.metadata.safeParse(decimal).success).toBe(false)
})
