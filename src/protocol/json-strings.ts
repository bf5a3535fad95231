const quote = '"'
const backslash = '\\'
/** `\uXXXX` */
const unicodeEscapeLength = 6

/**
 * Finds the end of each string of a JSON text and the escapes inside. Distances are covered by indexOf, which costs
 * next to nothing: a string of many megabytes without escapes is one step. Strings must be asked for in order.
 */
export class JsonStrings {
  readonly #text: string
  /** The first backslash that has not been skipped; the length of the text if there is none. */
  #nextBackslash: number
  #hasEscapes = false
  #unpairedSurrogate: string | undefined

  constructor(text: string) {
    this.#text = text
    this.#nextBackslash = this.#find(backslash, 0)
  }

  /** Whether the string skipped last contains an escape. */
  get hasEscapes(): boolean {
    return this.#hasEscapes
  }

  /** The first escape so far that stands for half a character, as it is written. */
  get unpairedSurrogate(): string | undefined {
    return this.#unpairedSurrogate
  }

  /**
   * The offset behind the string whose opening quote is at `start`. Beyond the length of the text if the string
   * has no end.
   */
  skip(start: number): number {
    let at = start + 1
    let end = this.#find(quote, at)
    this.#hasEscapes = this.#nextBackslash < end
    while (this.#nextBackslash < end) {
      at = this.#skipEscape(this.#nextBackslash)
      if (end < at) end = this.#find(quote, at)
      this.#nextBackslash = this.#find(backslash, at)
    }
    return end + 1
  }

  #find(wanted: string, from: number): number {
    if (this.#text[from] === wanted) return from
    const found = this.#text.indexOf(wanted, from)
    return found < 0 ? this.#text.length : found
  }

  #skipEscape(start: number): number {
    if (this.#text[start + 1] !== 'u') return start + 2
    const end = start + unicodeEscapeLength
    const half = this.#surrogateAt(start)
    if (half === 'high' && this.#surrogateAt(end) === 'low') return end + unicodeEscapeLength
    if (half !== undefined) this.#unpairedSurrogate ??= this.#text.slice(start, end)
    return end
  }

  /** Which half of a character an escape at `start` stands for: `\uD800` to `\uDBFF` high, `\uDC00` to `\uDFFF` low. */
  #surrogateAt(start: number): 'high' | 'low' | undefined {
    const first = this.#text[start + 2]
    const second = this.#text[start + 3]
    if ((first !== 'd' && first !== 'D') || second === undefined) return undefined
    if (!this.#text.startsWith('\\u', start)) return undefined
    if ('89abAB'.includes(second)) return 'high'
    return 'cdefCDEF'.includes(second) ? 'low' : undefined
  }
}
