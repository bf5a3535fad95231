import { describe, expect, test } from 'vitest'
import { placeInText, shorten } from './text-excerpt.ts'

describe('shorten', () => {
  test('keeps up to 64 characters as they are', () => {
    expect(shorten('')).toBe('')
    expect(shorten('a'.repeat(64))).toBe('a'.repeat(64))
  })

  test('ends longer texts with an ellipsis', () => {
    expect(shorten('a'.repeat(65))).toBe(`${'a'.repeat(63)}…`)
  })

  test('does not cut a character in two', () => {
    expect(shorten(`${'a'.repeat(62)}😀😀`)).toBe(`${'a'.repeat(62)}…`)
    expect(shorten(`${'a'.repeat(61)}😀😀`)).toBe(`${'a'.repeat(61)}😀…`)
  })
})

test.each([
  ['', 0, 'line 1 column 0'],
  ['abc', 2, 'line 1 column 2'],
  ['a\nbc', 2, 'line 2 column 0'],
  ['a\nbc', 1, 'line 1 column 1'],
  ['a\n\nbc', 5, 'line 3 column 2'],
])('the text %j leads in %i steps to %s', (text, end, place) => {
  expect(placeInText(text, end)).toBe(place)
})
