import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanJson } from './json-scanner.ts'
import { maxJsonDepth, maxJsonValues } from './limits.ts'

describe('against a decoder that takes one character at a time', () => {
  test.each([
    ['JSON text', jsonText()],
    ['JSON text with a few characters changed', mutated(jsonText())],
    ['pieces of JSON in any order', fc.array(fc.constantFrom(...pieces()), { maxLength: 30 }).map(all => all.join(''))],
    ['any text', fc.string({ unit: 'binary' })],
  ])('reaches the same verdict on %s', (_kind, texts) => {
    fc.assert(
      fc.property(texts, text => {
        expect(fastVerdict(text)).toEqual(slowVerdict(text))
      }),
      { numRuns: 3000 },
    )
  })
})

interface Verdict {
  readonly problem: string
  readonly hasFragileNumbers: boolean
}

/** The verdict of the scanner with JSON.parse behind it. Syntax errors win, because JSON.parse is the judge of those. */
function fastVerdict(text: string): Verdict {
  const { problem = 'none', hasFragileNumbers } = scanJson(text)
  try {
    JSON.parse(text)
  } catch {
    return { problem: 'syntax', hasFragileNumbers: false }
  }
  const kind = /duplicate|nesting|values|surrogate|none/.exec(problem)?.[0] ?? problem
  return { problem: kind, hasFragileNumbers: kind === 'none' && hasFragileNumbers }
}

function slowVerdict(text: string): Verdict {
  try {
    return { problem: 'none', hasFragileNumbers: new SlowDecoder(text).decode() }
  } catch (error) {
    return { problem: error instanceof Refused ? error.message : String(error), hasFragileNumbers: false }
  }
}

class Refused extends Error {}

/** RFC 8259 by recursive descent. The first problem counts, but a syntax error anywhere counts more. */
class SlowDecoder {
  readonly #text: string
  #at = 0
  #values = 0
  #problem: string | undefined
  #hasFragileNumbers = false

  constructor(text: string) {
    this.#text = text
  }

  decode(): boolean {
    this.#value(0)
    if (this.#at < this.#text.length) throw new Refused('syntax')
    if (this.#problem !== undefined) throw new Refused(this.#problem)
    return this.#hasFragileNumbers
  }

  #value(depth: number): void {
    this.#take(/[ \t\r\n]*/y)
    const opener = this.#text[this.#at]
    if ((opener === '[' || opener === '{') && depth === maxJsonDepth) this.#problem ??= 'nesting'
    this.#values += 1
    if (this.#values > maxJsonValues) this.#problem ??= 'values'
    if (opener === '{') this.#object(depth + 1)
    else if (opener === '[') this.#array(depth + 1)
    else if (opener === '"') this.#string()
    else this.#scalar()
    this.#take(/[ \t\r\n]*/y)
  }

  #scalar(): void {
    if (this.#take(/true|false|null/y) !== '') return
    const token = this.#take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y)
    if (token === '') throw new Refused('syntax')
    const limit = 2n ** 53n - 1n
    if (!/^-?\d+$/.test(token) || BigInt(token) > limit || BigInt(token) < -limit) this.#hasFragileNumbers = true
  }

  #array(depth: number): void {
    if (this.#take(/\[[ \t\r\n]*\]/y) !== '') return
    this.#expect(/\[/y)
    this.#value(depth)
    while (this.#take(/,/y) !== '') this.#value(depth)
    this.#expect(/\]/y)
  }

  #object(depth: number): void {
    if (this.#take(/\{[ \t\r\n]*\}/y) !== '') return
    this.#expect(/\{/y)
    const keys: string[] = []
    do {
      this.#take(/[ \t\r\n]*/y)
      const key = this.#string()
      if (keys.includes(key)) this.#problem ??= 'duplicate'
      keys.push(key)
      this.#expect(/[ \t\r\n]*:/y)
      this.#value(depth)
    } while (this.#take(/,/y) !== '')
    this.#expect(/\}/y)
  }

  #string(): string {
    this.#expect(/"/y)
    let text = ''
    while (this.#take(/"/y) === '') text += this.#character()
    return text
  }

  #character(): string {
    const simple = this.#take(/\\["\\/bfnrt]/y)
    if (simple !== '') return '"\\/\b\f\n\r\t'['"\\/bfnrt'.indexOf(simple.charAt(1))] ?? ''
    const escape = this.#take(/\\u[0-9a-fA-F]{4}/y)
    if (escape === '') return this.#unescaped()
    const first = codeUnit(escape)
    if (first.isWellFormed()) return first
    const pair = /\\u[dD][89abAB]../.test(escape) ? this.#take(/\\u[dD][c-fC-F][0-9a-fA-F]{2}/y) : ''
    if (pair === '') this.#problem ??= 'surrogate'
    return pair === '' ? first : first + codeUnit(pair)
  }

  #unescaped(): string {
    const character = this.#expect(/[^"\\]/y)
    if (character < ' ') throw new Refused('syntax')
    return character
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const taken = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += taken.length
    return taken
  }

  #expect(pattern: RegExp): string {
    const taken = this.#take(pattern)
    if (taken === '') throw new Refused('syntax')
    return taken
  }
}

function codeUnit(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(2), 16))
}

/** What JSON texts are made of, with a taste for what the scanner looks at. */
function pieces(): string[] {
  const strings = ['"a"', '"b"', '"\\u0061"', '"\\\\"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\udc00"', '""', '"😀"']
  const numbers = ['0', '-1', '1.0', '1e3', '9007199254740991', '9007199254740992', '-9007199254740993']
  const marks = ['{', '}', '[', ']', ':', ',', '"', '\\', ' ', '\n', '\t', '\\u', '[{', '":', 't', 'x', '\u0001']
  return [...strings, ...numbers, ...marks, 'true', 'false', 'null']
}

/** Well-formed JSON as text, with duplicate keys, half characters and deep nesting now and then. */
function jsonText(): fc.Arbitrary<string> {
  const key = fc.constantFrom('"a"', '"b"', '"c"', '"\\u0061"', '"\\n"', '"d\\u005c"', '"\\ud83d\\ude00"', '"😀"')
  const { value } = fc.letrec<{ value: string }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...pieces().filter(piece => /^(".*"|-?\d.*|true|false|null)$/.test(piece))),
      fc.string({ unit: 'binary' }).map(text => JSON.stringify(text)),
      fc.double().map(number => JSON.stringify(number)),
      fc.array(tie('value'), { maxLength: 5 }).map(items => `[${items.join(' , ')}]`),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 4 })
        .map(all => `{${all.map(pair => pair.join(':')).join(',\n')}}`),
    ),
  }))
  const levels = fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 120, max: 130 }) },
  )
  return fc.tuple(value, levels).map(([text, depth]) => `${'['.repeat(depth)}${text}${']'.repeat(depth)}`)
}

function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.constantFrom('', ...pieces()))
  return fc.tuple(texts, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((edited, [position, removed, inserted]) => {
      const at = position % (edited.length + 1)
      return edited.slice(0, at) + inserted + edited.slice(at + removed)
    }, text),
  )
}
