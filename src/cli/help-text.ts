const columns = 100

/** Words in lines of at most 100 columns, each behind the prefix. */
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
