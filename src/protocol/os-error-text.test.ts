import { expect, it } from 'vitest'
import { osErrorText } from './os-error-text.ts'

it.each([
  [2, 'No such file or directory (os error 2)'],
  [7, 'Argument list too long (os error 7)'],
  [24, 'No file descriptors available (os error 24)'],
  [36, 'Filename too long (os error 36)'],
  [40, 'Symbolic link loop (os error 40)'],
  [133, 'No error information (os error 133)'],
])('words error %i as musl does', (errno, text) => {
  expect(osErrorText(errno)).toBe(text)
})
