/** Longest piece of a foreign text that a message repeats. */
const shownCharacters = 64

/** Makes a foreign text fit for one line of a terminal: control and invisible characters become visible escapes. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}

/** Cuts a foreign text to 64 characters, whole code points, and makes it printable. */
export function shorten(text: string): string {
  const characters = Array.from(text.slice(0, 2 * shownCharacters + 2))
  if (characters.length <= shownCharacters) return printable(text)
  return `${printable(characters.slice(0, shownCharacters - 1).join(''))}…`
}

/** Shows a refused value in a message; of a structured one only its kind. */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return `\`${shorten(value)}\``
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    return `\`${shorten(String(value))}\``
  }
  if (value instanceof Date) return 'a date'
  return Array.isArray(value) ? 'a list' : 'a table'
}
