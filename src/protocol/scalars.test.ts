import { expect, test } from 'vitest'
import { PathUri } from './path-uri.ts'
import { base64, pathUri, u64 } from './scalars.ts'

test.each([
  [0, 0],
  [2 ** 53 - 1, 2 ** 53 - 1],
  [2n ** 53n, 2 ** 53],
  [2n ** 64n - 1n, 2 ** 64],
])('%s is an unsigned 64-bit integer and becomes the number %d', (value, number) => {
  expect(u64.parse(value)).toBe(number)
})

test.each([-1, -(2n ** 53n), 2n ** 64n, Number.NaN, '1', null, undefined])(
  '%s is no unsigned 64-bit integer',
  value => {
    expect(u64.safeParse(value).error?.issues[0]?.message).toBe('expected u64')
  },
)

test('a path becomes a PathUri', () => {
  expect(pathUri.parse('file:///w')).toBeInstanceOf(PathUri)
})

test('base64 becomes bytes', () => {
  expect(base64.parse('aGk=')).toEqual(Buffer.from('hi'))
})
