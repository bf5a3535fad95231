import { expect, test } from 'vitest'
import { didYouMean } from './closest-name.ts'

const names = ['--listen', '--watchdog', '--grace']

test.each([
  ['--lisen', '--listen'],
  ['--listenn', '--listen'],
  ['--wathcdog', '--watchdog'],
  ['grace', '--grace'],
])('%s is close to %s', (text, name) => {
  expect(didYouMean(text, names)).toBe(`; did you mean ${name}?`)
})

test.each(['', '--', '--unrelated', '--listening-to-music', 'x'.repeat(100_000)])('%.20s is close to nothing', text => {
  expect(didYouMean(text, names)).toBe('')
})

test('the nearest of several names is meant', () => {
  expect(didYouMean('max_sessionz', ['max_session_', 'max_sessions', 'max_sesssions'])).toBe(
    '; did you mean max_session_?',
  )
  expect(didYouMean('max_sessions', ['max_session', 'max_sessions'])).toBe('; did you mean max_sessions?')
})

test('a short name does not match another short one', () => {
  expect(didYouMean('ab', ['cd', 'abc'])).toBe('; did you mean abc?')
  expect(didYouMean('xy', ['cd', 'abc'])).toBe('')
})
