import { DecimalToken } from './json-numbers.ts'
import { shorten } from './text-excerpt.ts'

/**
 * What a decoded value is, in the words of the reference server's decoder: the JSON type, and the value itself
 * where it is short. An absent value reads as null: for parameters they are the same.
 */
export function describeJson(value: unknown): string {
  const excerpt = excerptOf(value)
  switch (typeof value) {
    case 'string':
      return `string ${excerpt}`
    case 'number':
    case 'bigint':
      return `integer \`${excerpt}\``
    case 'boolean':
      return `boolean \`${excerpt}\``
    default:
      return value instanceof DecimalToken ? `floating point \`${excerpt}\`` : excerpt
  }
}

/** The value itself, shortened: strings in quotes, numbers as written, containers as `sequence` or `map`. */
export function excerptOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value))
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return shorten(String(value))
  if (value instanceof DecimalToken) return shorten(value.source)
  if (value === null || value === undefined) return 'null'
  return Array.isArray(value) ? 'sequence' : 'map'
}

/** Says that a member of a message or of its parameters is absent or has the wrong JSON type. */
export function describeMismatch(value: unknown, expected: string, field: string): string {
  if (value === undefined) return `missing field \`${field}\``
  return `invalid type: ${describeJson(value)}, expected ${expected} for \`${field}\``
}
