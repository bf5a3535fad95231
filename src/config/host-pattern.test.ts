import { expect, test } from 'vitest'
import { isHostPattern } from './host-pattern.ts'

test.each([
  '*',
  'localhost',
  'example.com',
  '.example.com',
  '*.example.com',
  '_srv.example.com',
  '10.1.2.3',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '::1',
  'fd00::/8',
  '2001:db8::/128',
])('%s names hosts', text => {
  expect(isHostPattern(text)).toBe(true)
})

test.each([
  '',
  ' ',
  'a b',
  'example..com',
  '-example.com',
  'http://example.com',
  'example.com:80',
  'example.com/8',
  '10.0.0',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '::1/129',
  '[::1]',
  7,
  undefined,
])('%s does not', text => {
  expect(isHostPattern(text)).toBe(false)
})
