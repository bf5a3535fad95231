/** Widest line of a help text. */
const columns = 100

/** Breaks a text into lines of at most 100 columns, each after the prefix. */
export function wrap(text: string, prefix: string): string[] {
  const wrapped: string[] = []
  let line = prefix
  for (const word of text.split(' ')) {
    const longer = line === prefix ? `${line}${word}` : `${line} ${word}`
    if (longer.length > columns) {
      wrapped.push(line)
      line = `${prefix}${word}`
    } else {
      line = longer
    }
  }
  return [...wrapped, line]
}

export function lines(...texts: string[]): string {
  return texts.map(text => `${text}\n`).join('')
}

/** Rows whose cells stand below each other, two spaces between them. The last column is as ragged as it comes. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return lines(
    ...rows.map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  )
}
