import { expect, test } from 'vitest'
import { responseHeaders, valuesOf } from './response-headers.ts'

test('headers keep their order, with repeated ones where the first of them was', () => {
  const headers = responseHeaders(['Set-Cookie', 'a=1', 'ETag', '"x"', 'set-cookie', 'b=2', 'X', '', 'Y', 'spaced \t '])
  expect(headers).toEqual([
    { name: 'set-cookie', value: 'a=1' },
    { name: 'set-cookie', value: 'b=2' },
    { name: 'etag', value: '"x"' },
    { name: 'x', value: '' },
    { name: 'y', value: 'spaced' },
  ])
  expect(valuesOf(headers, 'set-cookie')).toEqual(['a=1', 'b=2'])
})

test('values with anything but visible ASCII, blanks and tabs are left out', () => {
  expect(responseHeaders(['a', 'caf\u00e9', 'b', 'tab\there', 'c', 'bell\u0007'])).toEqual([
    { name: 'b', value: 'tab\there' },
  ])
})
