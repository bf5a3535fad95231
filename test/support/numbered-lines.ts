/** What `seq FIRST LAST` prints: every line differs, so that nothing can be missing, repeated or swapped unnoticed. */
export function numberedLines(first: number, last: number): Buffer {
  const lines = new Array<string>(last - first + 1)
  for (let index = 0; index < lines.length; index++) lines[index] = `${first + index}\n`
  return Buffer.from(lines.join(''))
}
