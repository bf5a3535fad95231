/** Names further away than this are no typing slip. */
const maxEdits = 2

/** The ending of a message about an unknown name. Empty when no name is near. */
export function didYouMean(text: string, names: Iterable<string>): string {
  const name = closestName(text, names)
  return name === undefined ? '' : `; did you mean ${name}?`
}

/**
 * The name somebody most likely meant: the nearest of `names` within two edits, and within a third of its own
 * length so that short names do not match everything. `undefined` when none is near.
 */
function closestName(text: string, names: Iterable<string>): string | undefined {
  let nearest: { name: string; edits: number } | undefined
  for (const name of names) {
    if (Math.abs(name.length - text.length) > maxEdits) continue
    const edits = editDistance(text, name)
    if (edits > Math.min(maxEdits, name.length / 3)) continue
    if (nearest === undefined || edits < nearest.edits) nearest = { name, edits }
  }
  return nearest?.name
}

/** Levenshtein distance, in memory of one row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [line, letter] of from.split('').entries()) {
    const next = [line + 1]
    for (const [column, other] of to.split('').entries()) {
      const replaced = at(row, column) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, at(row, column + 1) + 1, at(next, column) + 1))
    }
    row = next
  }
  return at(row, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
