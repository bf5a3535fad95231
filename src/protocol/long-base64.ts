import { canonicalBytesOf } from './base64.ts'
import { parseJson } from './json-numbers.ts'
import { scanJson } from './json-scanner.ts'

/** Longer messages are worth a look before they become text. */
export const leastLongBytes = 64 * 1024

/** Parameters that are base64 in every method that has them. Their schemas take bytes as well. */
const base64Parameters: ReadonlySet<string> = new Set(['chunk', 'dataBase64', 'bodyBase64'])

const quote = 0x22

/**
 * Parses a message most of which is one parameter of base64, without making text of that: it is cut out, and goes straight to
 * bytes.
 *
 * What stands around it is scanned and parsed with an empty string in its place. Symbols of base64 neither end a string nor
 * escape anything, so both texts consist of the same tokens: where one is a message, so is the other.
 *
 * @param message valid UTF-8
 * @returns undefined when it is not such a message, or when anything is wrong with it: then all of its text has to be parsed,
 *   or refused
 */
export function parseAroundBase64(message: Buffer): object | undefined {
  // Whatever is longer than half of the message has its middle inside.
  const middle = message.length >> 1
  const start = message.lastIndexOf(quote, middle)
  const end = message.indexOf(quote, middle)
  if (start < 0 || end - start <= leastLongBytes) return undefined
  const head = message.toString('utf8', 0, start)
  const around = `${head}""${message.toString('utf8', end + 1)}`
  const { hasFragileNumbers, parameter } = scanJson(around, head.length)
  if (parameter === undefined || !base64Parameters.has(parameter)) return undefined
  const bytes = canonicalBytesOf(message.subarray(start + 1, end))
  if (bytes === undefined) return undefined
  try {
    const value = parseJson(around, hasFragileNumbers) as { readonly params: Record<string, unknown> }
    value.params[parameter] = bytes
    return value
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
