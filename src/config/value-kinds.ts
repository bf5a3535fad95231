import { z } from 'zod'
import { isHostPattern } from './host-pattern.ts'
import { type ListenAddress, parseListenUrl, parseSocketAddress } from './listen-url.ts'
import { isProblem, type Problem } from './problem.ts'
import { printable, quoteValue } from './quoting.ts'
import { parseBytes, parseCount, parseDurationMs } from './units.ts'

/** How the value of an option is written, checked and described. */
export interface ValueKind<Value> {
  /**
   * Reads the text of a flag or variable, or the native value of a configuration file, where integers are bigint.
   * The issue of a refused value is a sentence that repeats the value and says what is allowed.
   */
  readonly schema: z.ZodType<Value>
  /** What stands for the value in the help. Absent for a switch, whose flag needs no value. */
  readonly placeholder?: string
  /** What is allowed, in the words of the help. */
  readonly allowed: string
  /** Every value there is, where they are few. */
  readonly words?: readonly string[]
}

/** Bounds, both inside, written as an operator writes a value. */
interface Bounds {
  readonly min: string
  readonly max?: string
}

/** Milliseconds, from a text such as `80s`. */
export function duration(bounds: Bounds & { max: string }): ValueKind<number> {
  return quantity({
    ...bounds,
    placeholder: 'DURATION',
    noun: 'a duration',
    forms: ', written with its unit: 500ms, 80s, 2m or 1h',
    parse: text => (typeof text === 'string' ? parseDurationMs(text) : undefined),
  })
}

/** Bytes, from a text such as `8MiB` or a plain number. */
export function size(bounds: Bounds & { max: string }): ValueKind<number> {
  return quantity({
    ...bounds,
    placeholder: 'SIZE',
    noun: 'a size',
    forms: ', written as 64KiB, 8MiB, 1GiB or plain bytes',
    parse: given => (isTextOrInteger(given) ? parseBytes(String(given)) : undefined),
  })
}

/** A whole number. Without `max` only the precision of a double limits it. */
export function count(bounds: Bounds): ValueKind<number> {
  return quantity({
    ...bounds,
    placeholder: 'COUNT',
    noun: 'a whole number',
    forms: '',
    parse: given => (isTextOrInteger(given) ? parseCount(String(given)) : undefined),
  })
}

/** Either of two states, in the words operators use for them. */
export function toggle(): ValueKind<boolean> {
  const words = new Map([
    ...['true', 'yes', 'on', '1'].map(word => [word, true] as const),
    ...['false', 'no', 'off', '0'].map(word => [word, false] as const),
  ])
  return {
    schema: readBy('true, yes, on, 1, false, no, off or 0', given =>
      typeof given === 'string' || typeof given === 'boolean' ? words.get(String(given).toLowerCase()) : undefined,
    ),
    allowed: 'true or false',
  }
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  const allowed = words.join(', ')
  return {
    schema: readBy(`one of ${allowed}`, given => words.find(word => word === given)),
    placeholder: 'WORD',
    allowed,
    words,
  }
}

/** Where to listen. The problem of a refused text is the one of the protocol. */
export function listenUrl(): ValueKind<ListenAddress> {
  const allowed = 'ws://IP:PORT or stdio'
  return {
    schema: readOrProblem(given => {
      if (typeof given !== 'string') return { problem: `${quoteValue(given)} is not ${allowed}` }
      const parsed = parseListenUrl(given)
      return isProblem(parsed) ? parsed : { value: parsed }
    }),
    placeholder: 'URL',
    allowed,
  }
}

/** Where operators are served: an address of its own, none, or the one that fits. */
export type AdminAddress = 'auto' | 'off' | { readonly host: string; readonly port: number }

export function adminAddress(): ValueKind<AdminAddress> {
  const allowed = 'auto, off or IP:PORT'
  return {
    schema: readBy(allowed, given => {
      if (given === 'auto' || given === 'off') return given
      return typeof given === 'string' ? parseSocketAddress(given) : undefined
    }),
    placeholder: 'ADDRESS',
    allowed,
  }
}

/** The absolute path of a folder, or nothing. */
export function folder(): ValueKind<string> {
  const allowed = 'an absolute path'
  return {
    schema: readBy(allowed, given => {
      if (typeof given !== 'string' || given.includes('\0')) return undefined
      return given === '' || given.startsWith('/') ? given : undefined
    }),
    placeholder: 'FOLDER',
    allowed,
  }
}

/** Absolute paths of folders, separated by commas, or a list in a file, where a path may contain commas. */
export function folders(): ValueKind<readonly string[]> {
  const allowed = 'absolute paths, separated by commas'
  return {
    schema: readBy(allowed, given => {
      const entries: unknown = typeof given === 'string' ? given.split(',').filter(entry => entry !== '') : given
      if (!Array.isArray(entries)) return undefined
      const paths = entries.filter((entry: unknown) => typeof entry === 'string' && /^\/[^\0]*$/.test(entry))
      return paths.length === entries.length ? (paths as string[]) : undefined
    }),
    placeholder: 'FOLDERS',
    allowed,
  }
}

/** Hosts, separated by commas, or a list in a file. Nothing stands for none. */
export function hosts(): ValueKind<readonly string[]> {
  const allowed = 'names, addresses and networks, separated by commas'
  return {
    schema: readOrProblem(given => {
      const entries = typeof given === 'string' ? given.split(',') : given
      if (!Array.isArray(entries)) return { problem: `${quoteValue(given)} is not a list of ${allowed}` }
      const trimmed = entries.map((entry: unknown) => (typeof entry === 'string' ? entry.trim() : entry))
      const patterns = trimmed.filter((entry: unknown): entry is string => typeof entry === 'string' && entry !== '')
      const wrong = trimmed.find((entry: unknown) => entry !== '' && !isHostPattern(entry))
      if (wrong === undefined) return { value: patterns }
      return { problem: `${quoteValue(wrong)} is not a host: write example.com, 10.1.2.3, 10.0.0.0/8 or *` }
    }),
    placeholder: 'HOSTS',
    allowed,
  }
}

interface Quantity extends Bounds {
  readonly placeholder: string
  readonly noun: string
  readonly forms: string
  readonly parse: (given: unknown) => number | undefined
}

function quantity({ min, max, placeholder, noun, forms, parse }: Quantity): ValueKind<number> {
  const least = parse(min)
  const most = max === undefined ? Number.MAX_SAFE_INTEGER : parse(max)
  if (least === undefined || most === undefined) throw new RangeError(`${min} or ${max} is not ${noun}`)
  const allowed = max === undefined ? `at least ${min}` : `${min} to ${max}`
  const schema = readBy(`${noun} of ${allowed}${forms}`, given => {
    const value = parse(given)
    return value !== undefined && value >= least && value <= most ? value : undefined
  })
  return { schema, placeholder, allowed }
}

/** A schema around a reader that answers `undefined` for what is not `expected`. */
export function readBy<Value>(expected: string, read: (given: unknown) => Value | undefined): z.ZodType<Value> {
  return readOrProblem(given => {
    const value = read(given)
    return value === undefined ? { problem: `${quoteValue(given)} is not ${expected}` } : { value }
  })
}

function readOrProblem<Value>(read: (given: unknown) => { value: Value } | Problem): z.ZodType<Value> {
  return z.unknown().transform((given, context): Value => {
    const outcome = read(given)
    if ('value' in outcome) return outcome.value
    context.addIssue({ code: 'custom', message: printable(outcome.problem), input: given })
    return z.NEVER
  })
}

function isTextOrInteger(given: unknown): given is string | bigint {
  return typeof given === 'string' || typeof given === 'bigint'
}
