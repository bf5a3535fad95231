import { maxIdBytes } from './limits.ts'

/** Longest piece of a peer's text that is repeated in a message, in UTF-16 code units. */
const maxExcerptLength = 64

/**
 * The text itself while it is short, else its beginning with an ellipsis. Never cuts a character in two: a stock
 * client drops the connection over half a surrogate pair.
 */
export function shorten(text: string): string {
  if (text.length <= maxExcerptLength) return text
  const kept = text.slice(0, maxExcerptLength - 1)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}

/** An id as it is, or its beginning when it is longer than any that anything can have. */
export function shownId(id: string): string {
  return id.length <= maxIdBytes ? id : shorten(id)
}

/** Where the first `end` code units of a text lead, lines and columns counted from 1. */
export function placeInText(text: string, end: number): string {
  let line = 1
  let lineStart = 0
  for (;;) {
    const lineFeed = text.indexOf('\n', lineStart)
    if (lineFeed < 0 || lineFeed >= end) return `line ${line} column ${end - lineStart}`
    line += 1
    lineStart = lineFeed + 1
  }
}
