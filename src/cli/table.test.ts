import { expect, test } from 'vitest'
import { table } from './table.ts'

test('cells of a column begin below each other, and no line ends in spaces', () => {
  const rows = [
    ['A', 'LONG HEADER', 'C'],
    ['longer', 'x', ''],
    ['', 'y', 'last'],
  ]
  expect(table(rows)).toBe(`A       LONG HEADER  C
longer  x
        y            last
`)
})

test('nothing is an empty text', () => {
  expect(table([])).toBe('')
})
