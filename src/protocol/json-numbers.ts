/** No 64-bit integer takes more characters: 20 digits, or 19 and a sign. */
const maxIntegerLength = 20

/**
 * A number that no integer of the protocol can be: written with a fraction or an exponent (`1000.0`, `1e3`), or
 * longer than any 64-bit integer.
 *
 * Tokens are functions for one reason: schemas refuse a function everywhere. Any other object is a map to them, and
 * where all members of the map are optional, `1.5` would be accepted in its place.
 */
export class DecimalToken {
  /** The number as it was written. */
  declare readonly source: string

  static of(source: string): DecimalToken {
    const token: DecimalToken = Object.setPrototypeOf(() => source, DecimalToken.prototype)
    return Object.assign(token, { source })
  }
}

/** The value of a text in which the scanner did or did not see numbers that JSON.parse would damage. */
export function parseJson(text: string, hasFragileNumbers: boolean): unknown {
  return hasFragileNumbers ? parseJsonExactly(text) : JSON.parse(text)
}

/**
 * JSON.parse without loss in numbers: integers beyond 2^53 - 1 become bigint, and what is not a 64-bit integer
 * becomes a {@link DecimalToken}. Several times slower than JSON.parse, hence meant for texts in which the scanner
 * saw such numbers. Throws SyntaxError like JSON.parse.
 */
export function parseJsonExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? exactNumber(value, context.source) : value,
  )
}

function exactNumber(value: number, source: string): number | bigint | DecimalToken {
  if (/[.eE]/.test(source) || source.length > maxIntegerLength) return DecimalToken.of(source)
  return Number.isSafeInteger(value) ? value : BigInt(source)
}
