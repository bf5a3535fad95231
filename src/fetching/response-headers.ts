import type { HttpHeader } from '../protocol/http-schemas.ts'

/** Anything but visible ASCII, blanks and tabs: a client could not tell which characters were meant. */
const unprintable = /[^\x20-\x7e\t]/

/**
 * The headers of a response as callers get them: names in lower case, repeated ones side by side where the first of them
 * was, all else in the order it came.
 * @param raw names and values in turn, as they were received
 */
export function responseHeaders(raw: readonly string[]): HttpHeader[] {
  const groups = new Map<string, HttpHeader[]>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = (raw[index + 1] ?? '').replace(/[ \t]+$/, '')
    if (unprintable.test(value)) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [{ name, value }])
    else group.push({ name, value })
  }
  return [...groups.values()].flat()
}

/** The values of every header of this name, which is in lower case. */
export function valuesOf(headers: readonly HttpHeader[], wanted: string): string[] {
  return headers.filter(({ name }) => name === wanted).map(({ value }) => value)
}
