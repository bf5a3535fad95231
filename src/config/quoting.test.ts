import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable, quoteValue, shorten } from './quoting.ts'

test('a value of 64 characters is shown whole, a longer one is cut', () => {
  expect(shorten('x'.repeat(64))).toBe('x'.repeat(64))
  expect(shorten('x'.repeat(65))).toBe(`${'x'.repeat(63)}…`)
})

test('a character outside the basic plane is never cut in half', () => {
  expect(shorten('😀'.repeat(65))).toBe(`${'😀'.repeat(63)}…`)
})

test('terminal escapes, line breaks and direction marks become visible', () => {
  expect(printable('a\u001b[31mb\nc\u202ed')).toBe('a\\u{1b}[31mb\\u{a}c\\u{202e}d')
})

test('half of a surrogate pair becomes the replacement character', () => {
  expect(printable('a\ud800b')).toBe('a\ufffdb')
})

test('a native value is quoted as written, a structured one is named', () => {
  expect(quoteValue('5s')).toBe('`5s`')
  expect(quoteValue(5n)).toBe('`5`')
  expect(quoteValue(1.5)).toBe('`1.5`')
  expect(quoteValue(true)).toBe('`true`')
  expect(quoteValue(new Date(0))).toBe('a date')
  expect(quoteValue([1n])).toBe('a list')
  expect(quoteValue({ a: 1n })).toBe('a table')
})

test('whatever the text, the excerpt is one well-formed line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      const shown = shorten(text)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(shown.isWellFormed()).toBe(true)
    }),
  )
})
