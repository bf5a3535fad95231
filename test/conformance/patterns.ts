/** A JSON value as it was received; integers beyond 2^53 - 1 are bigint. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [member: string]: Json
}

/** A JSON value in which some places may vary. A `<name>` in a string stands for what was remembered by that name. */
export type Pattern = null | boolean | number | bigint | string | readonly Pattern[] | Varying | PatternObject
export interface PatternObject {
  readonly [member: string]: Pattern
}

/** A place where more than one value is right. */
export interface Varying {
  readonly varies: 'uuid' | 'text' | 'integer' | 'boolean' | 'object' | 'file URL'
  /** How a text begins, when that much is fixed. */
  readonly startsWith?: string
  /** What a text has somewhere in it. */
  readonly includes?: string
  /** The name to remember the value by. */
  readonly as?: string
}

export const integer: Varying = { varies: 'integer' }
export const boolean: Varying = { varies: 'boolean' }
export const object: Varying = { varies: 'object' }
export const fileUrl: Varying = { varies: 'file URL' }
export const text = (fixed: Omit<Varying, 'varies'> = {}): Varying => ({ varies: 'text', ...fixed })
export const uuid = (as: string): Varying => ({ varies: 'uuid', as })

/** What a text, or bytes, look like on the wire. */
export function base64(content: string | readonly number[]): string {
  return (typeof content === 'string' ? Buffer.from(content) : Buffer.from(content)).toString('base64')
}

const kinds: Record<Varying['varies'], (value: Json) => boolean> = {
  uuid: value =>
    typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value),
  text: value => typeof value === 'string' && value !== '',
  integer: value => typeof value === 'bigint' || Number.isInteger(value),
  boolean: value => typeof value === 'boolean',
  object: value => isObject(value),
  'file URL': value => typeof value === 'string' && /^file:\/\/[^?#]*$/.test(value),
}

/** Values remembered while a transcript runs, by the names it gives them. */
export class Names {
  readonly #values = new Map<string, string>()

  remember(name: string, value: string): void {
    this.#values.set(name, value)
  }

  /** The text with every known `<name>` replaced. */
  fillIn(template: string): string {
    return template.replaceAll(/<([a-z-]+)>/g, (placeholder, name: string) => this.#values.get(name) ?? placeholder)
  }
}

/** Members a server may add beyond the protocol, and names in the extensions of its environment. */
const additions = new Set(['receipt'])

export interface Comparison {
  readonly names: Names
  /** Whether members that the pattern does not mention are right. */
  readonly mayHaveMore: boolean
}

/** Says where a value differs from the pattern; `undefined` when it does not. Remembers what has a name. */
export function differenceFrom(
  pattern: Pattern,
  value: Json,
  comparison: Comparison,
  place = 'message',
): string | undefined {
  if (isVarying(pattern)) return differenceFromVarying(pattern, value, comparison, place)
  if (Array.isArray(pattern)) return differenceFromList(pattern, value, comparison, place)
  if (isPatternObject(pattern)) return differenceFromObject(pattern, value, comparison, place)
  const expected = typeof pattern === 'string' ? comparison.names.fillIn(pattern) : pattern
  return expected === value ? undefined : `${place} is ${show(value)} instead of ${show(expected)}`
}

function differenceFromVarying(
  pattern: Varying,
  value: Json,
  { names }: Comparison,
  place: string,
): string | undefined {
  const { varies, startsWith = '', includes = '', as } = pattern
  if (!kinds[varies](value)) return `${place} is ${show(value)} instead of some ${varies}`
  if (typeof value !== 'string') return undefined
  if (!value.startsWith(names.fillIn(startsWith)))
    return `${place} is ${show(value)} and does not start with ${startsWith}`
  if (!value.includes(names.fillIn(includes))) return `${place} is ${show(value)} without ${includes}`
  if (as !== undefined) names.remember(as, value)
  return undefined
}

function differenceFromList(
  pattern: readonly Pattern[],
  value: Json,
  comparison: Comparison,
  place: string,
): string | undefined {
  if (!isList(value)) return `${place} is ${show(value)} instead of a list`
  if (value.length !== pattern.length)
    return `${place} has ${value.length} items instead of ${pattern.length}: ${show(value)}`
  return firstOf(pattern.keys(), index =>
    differenceFrom(pattern[index] ?? null, value[index] ?? null, comparison, `${place}[${index}]`),
  )
}

function differenceFromObject(
  pattern: PatternObject,
  value: Json,
  comparison: Comparison,
  place: string,
): string | undefined {
  if (!isObject(value)) return `${place} is ${show(value)} instead of an object`
  const isSurplus = (name: string) => !Object.hasOwn(pattern, name) && !additions.has(name)
  const surplus = comparison.mayHaveMore ? undefined : Object.keys(value).find(isSurplus)
  if (surplus !== undefined) return `${place}.${surplus} is ${show(value[surplus])} although nothing is expected there`
  return firstOf(Object.entries(pattern), ([name, expected]) => {
    const actual = value[name]
    if (actual === undefined) return `${place}.${name} is missing`
    return differenceFrom(expected, actual, comparison, `${place}.${name}`)
  })
}

/** The first thing a search says about any of the items. */
function firstOf<Item>(items: Iterable<Item>, search: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = search(item)
    if (found !== undefined) return found
  }
  return undefined
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isPatternObject(pattern: Pattern): pattern is PatternObject {
  return typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern)
}

function isVarying(pattern: Pattern): pattern is Varying {
  return isPatternObject(pattern) && 'varies' in pattern
}

/** A value, or what was expected of it, for a person. */
export function show(value: Pattern | undefined): string {
  const shown = JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
  return shown.length <= 300 ? shown : `${shown.slice(0, 300)}…`
}
