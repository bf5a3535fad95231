import { lines } from './help-text.ts'

/** Rows whose cells stand below each other, two spaces between them. The last column is as ragged as it comes. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  const padded = rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)))
  return lines(...padded.map(cells => cells.join('  ').trimEnd()))
}
