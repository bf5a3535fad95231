import { JsonStrings } from './json-strings.ts'
import { maxJsonDepth, maxJsonValues } from './limits.ts'
import { placeInText, shorten } from './text-excerpt.ts'

const tooManyValues = `message exceeds the limit of ${maxJsonValues} JSON values`

/** What one pass over the text of a message finds. */
export interface ScannedJson {
  /** Why the message is refused, in words for the peer; `undefined` if JSON.parse may have it. */
  readonly problem: string | undefined
  /** Whether a number would not survive JSON.parse: a fraction, an exponent, or an integer beyond 2^53 - 1. */
  readonly hasFragileNumbers: boolean
  /** The parameter whose value is the string that begins where it was asked. Absent when there is a problem. */
  readonly parameter?: string | undefined
}

const tab = 0x09
const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const quote = 0x22
const plus = 0x2b
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const upperE = 0x45
const openBracket = 0x5b
const closeBracket = 0x5d
const lowerE = 0x65
const lowerF = 0x66
const lowerN = 0x6e
const lowerT = 0x74
const openBrace = 0x7b
const closeBrace = 0x7d

/** Integers of this many characters are exact in a double; 2^53 - 1 has 16 digits, and there may be a sign. */
const exactIntegerLength = 15
const maxSafeIntegerLength = 17

/**
 * Checks what JSON.parse lets pass: nesting, number of values, duplicate keys and unpaired surrogate escapes, all
 * forbidden by section "Messages" of docs/protocol.md. Runs in front of JSON.parse, so that a message beyond the
 * limits never turns into objects.
 *
 * Syntax is left to JSON.parse. Up to the first syntax error the scan understands every token; what it makes of the
 * rest does not matter, because JSON.parse refuses the message.
 *
 * @param askedAt offset of a quote that may begin the value of a parameter
 */
export function scanJson(text: string, askedAt = -1): ScannedJson {
  const strings = new JsonStrings(text)
  /** The open containers, outermost first: the keys of an object, nothing for an array. */
  const containers: (ObjectKeys | undefined)[] = []
  let keys: ObjectKeys | undefined
  let expectsKey = false
  let valueCount = 0
  let keyCount = 0
  let hasFragileNumbers = false
  let parameter: string | undefined
  let at = 0

  const refuse = (problem: string): ScannedJson => ({
    problem: `${problem} at ${placeInText(text, at)}`,
    hasFragileNumbers,
  })

  while (at < text.length) {
    const code = text.charCodeAt(at)
    // Cases that end in `break` have passed a value, those that end in `continue` have not.
    switch (code) {
      case space:
      case tab:
      case lineFeed:
      case carriageReturn:
      case colon:
        at += 1
        continue
      case comma:
        at += 1
        expectsKey = keys !== undefined
        continue
      case closeBrace:
      case closeBracket:
        at += 1
        containers.pop()
        keys = containers.at(-1)
        expectsKey = false
        continue
      case openBrace:
      case openBracket:
        at += 1
        if (containers.length === maxJsonDepth) return refuse(`nesting exceeds the limit of ${maxJsonDepth} levels`)
        expectsKey = code === openBrace
        keys = expectsKey ? new ObjectKeys() : undefined
        containers.push(keys)
        break
      case quote: {
        const start = at
        at = strings.skip(start)
        if (strings.unpairedSurrogate !== undefined) {
          return refuse(`unpaired surrogate \`${strings.unpairedSurrogate}\` in a string`)
        }
        if (!expectsKey || keys === undefined) {
          if (start === askedAt && isParameter(containers)) parameter = keys?.last
          break
        }
        const key = strings.hasEscapes ? decodeString(text.slice(start, at)) : text.slice(start + 1, at - 1)
        if (!keys.add(key)) return refuse(`duplicate JSON object key \`${shorten(key)}\``)
        expectsKey = false
        keyCount += 1
        // Each key has a value: one key too many is one value too many, or no JSON.
        if (keyCount > maxJsonValues) return refuse(tooManyValues)
        continue
      }
      case lowerT:
      case lowerN:
        at += 4
        break
      case lowerF:
        at += 5
        break
      default: {
        const start = at
        at = endOfNumber(text, start)
        if (at === start) return { problem: undefined, hasFragileNumbers }
        hasFragileNumbers ||= isFragileNumber(text, start, at)
      }
    }
    valueCount += 1
    if (valueCount > maxJsonValues) return refuse(tooManyValues)
  }
  return { problem: undefined, hasFragileNumbers, parameter }
}

/** Whether the innermost container is the parameters of a message. */
function isParameter(containers: readonly (ObjectKeys | undefined)[]): boolean {
  return containers.length === 2 && containers[0]?.last === 'params' && containers[1] !== undefined
}

/** The keys seen in one object. Most objects of a message are small: the first key needs no set. */
class ObjectKeys {
  #first: string | undefined
  #all: Set<string> | undefined
  /** The key added last. */
  last: string | undefined

  /** Adds a key; `false` if it is there already. */
  add(key: string): boolean {
    this.last = key
    if (this.#first === undefined) {
      this.#first = key
      return true
    }
    this.#all ??= new Set([this.#first])
    const sizeBefore = this.#all.size
    return this.#all.add(key).size > sizeBefore
  }
}

/** The text a string literal with escapes stands for. A malformed literal stands for itself, until JSON.parse sees it. */
function decodeString(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}

function endOfNumber(text: string, start: number): number {
  let at = start
  while (isNumberCharacter(text.charCodeAt(at))) at += 1
  return at
}

function isNumberCharacter(code: number): boolean {
  return (code >= zero && code <= nine) || isFractional(code) || code === minus || code === plus
}

function isFractional(code: number): boolean {
  return code === dot || code === lowerE || code === upperE
}

function isFragileNumber(text: string, start: number, end: number): boolean {
  const length = end - start
  if (length > maxSafeIntegerLength) return true
  for (let at = start; at < end; at += 1) if (isFractional(text.charCodeAt(at))) return true
  return length > exactIntegerLength && !Number.isSafeInteger(Number(text.slice(start, end)))
}
