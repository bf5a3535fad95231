import { expect, test } from 'vitest'
import { processorTimeOf } from '../../test/support/processor-time.ts'
import { basicCredentials } from './basic-credentials.ts'

test.each([
  ['http://me:p%40ss@h/', 'me:p@ss'],
  ['http://me@h/', 'me:'],
  ['http://:pw@h/', ':pw'],
  ['http://m%C3%BC:%@h/', 'mü:%'],
  ['http://m%ff@h/', undefined],
])('the credentials of %s are %s', (url, expected) => {
  const value = basicCredentials(new URL(url)) ?? ''
  const bytes = Buffer.from(value.slice('Basic '.length), 'base64')
  if (expected === undefined) expect(bytes).toEqual(Buffer.from([0x6d, 0xff, 0x3a]))
  else expect(bytes.toString()).toBe(expected)
})

test('a URL without user and password has none', () => {
  expect(basicCredentials(new URL('http://h/'))).toBeUndefined()
})

test.each(['%41', '@'])(
  'those of megabytes of %s cost no more than some times what the parser of URLs does',
  escape => {
    const text = `http://${escape.repeat(1_000_000)}@h/`
    const parsing = processorTimeOf(() => URL.parse(text))
    const url = new URL(text)
    expect(processorTimeOf(() => basicCredentials(url))).toBeLessThan(10 * parsing)
  },
)
