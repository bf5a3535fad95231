import { expect, test } from 'vitest'
import { shownAge, shownBytes } from './quantities.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_572_864, '1.5 MiB'],
  [5 * 1024 ** 4, '5120.0 GiB'],
])('%i bytes are shown as %s', (bytes, text) => {
  expect(shownBytes(bytes)).toBe(text)
})

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_199_999, '1h'],
  [86_400_000 * 40, '40d'],
])('%i ms are shown as %s', (ms, text) => {
  expect(shownAge(ms)).toBe(text)
})
