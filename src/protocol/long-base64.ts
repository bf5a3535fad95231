import { canonicalBytes } from './base64.ts'
import type { LongText } from './json-scanner.ts'

/** Parameters that are base64 in every method that has them. Their schemas take bytes as well. */
const base64Parameters: ReadonlySet<string> = new Set(['chunk', 'dataBase64', 'bodyBase64'])

/**
 * Parses the text of a message around a long parameter of base64, which goes from the text straight to bytes instead of through
 * JSON.parse.
 * @returns undefined when that is no base64 or the rest no JSON: the whole text has to be parsed, or refused
 */
export function parseAround(text: string, { key, start, end }: LongText, parse: (text: string) => unknown): unknown {
  if (!base64Parameters.has(key)) return undefined
  const bytes = canonicalBytes(text.slice(start + 1, end - 1))
  if (bytes === undefined) return undefined
  try {
    const message = parse(`${text.slice(0, start)}""${text.slice(end)}`) as { readonly params: Record<string, unknown> }
    message.params[key] = bytes
    return message
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
