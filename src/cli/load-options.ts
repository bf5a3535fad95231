import { z } from 'zod'
import { printable, quoteValue } from '../config/quoting.ts'
import { parseDurationMs } from '../config/units.ts'
import { choice, count, duration, readBy, size, toggle, type ValueKind } from '../config/value-kinds.ts'
import type { Target } from '../load/load-test.ts'
import { scenarioNames } from '../telemetry/load-metrics.ts'

/** One thing that `execgate load` can be told. */
interface LoadOption<Value> {
  /** In kebab-case. */
  readonly name: string
  readonly value: ValueKind<Value>
  /** Written as on the command line. Absent: nothing holds unless it is given. */
  readonly default?: string
  /** One sentence. */
  readonly help: string
}

function option<Value>(
  described: LoadOption<Value> & { readonly default: string },
): LoadOption<Value> & { default: string } {
  return described
}

function optional<Value>(described: LoadOption<Value>): LoadOption<Value> {
  return described
}

/** Everything that `execgate load` can be told. Flags, validation, the help and the type of the settings derive from it. */
export const loadOptions = {
  scenario: option({
    name: 'scenario',
    value: choice(scenarioNames),
    default: 'one-shot',
    help: 'What is done again and again; also the first word after the command.',
  }),
  targets: option({
    name: 'target',
    value: targets(),
    default: 'gateway=ws://127.0.0.1:7777',
    help: 'A gateway to measure; given several times, they are compared.',
  }),
  runs: option({
    name: 'runs',
    value: count({ min: '1', max: '1000' }),
    default: '3',
    help: 'Runs of each target, interleaved with those of the others.',
  }),
  iterations: optional({
    name: 'iterations',
    value: count({ min: '1', max: '10000000' }),
    help: 'Operations of each run; 100 unless --duration is given.',
  }),
  durationMs: optional({
    name: 'duration',
    value: duration({ min: '100ms', max: '24h' }),
    help: 'Length of each run, instead of --iterations.',
  }),
  ratePerSecond: optional({
    name: 'rate',
    value: decimal({ placeholder: 'NUMBER', min: 0.01, max: 100_000 }),
    help: 'Open loop: operations that are due in a second, whether or not earlier ones are done.',
  }),
  concurrency: optional({
    name: 'concurrency',
    value: count({ min: '1', max: '4096' }),
    help: 'Workers, each with a session of its own; 1 in a closed loop, 32 in an open one unless given.',
  }),
  sessions: option({
    name: 'sessions',
    value: count({ min: '1', max: '10000' }),
    default: '100',
    help: 'Sessions of the scenarios idle and reconnect.',
  }),
  streamBytes: option({
    name: 'stream-bytes',
    value: size({ min: '1', max: '1GiB' }),
    default: '1MiB',
    help: 'Output of one command of the scenario stream.',
  }),
  completion: option({
    name: 'completion',
    value: choice(['events', 'read', 'both']),
    default: 'events',
    help: 'How one-shot learns of the end: from pushed events, with a final read after them, or both, compared.',
  }),
  rttMs: option({
    name: 'rtt',
    value: milliseconds({ placeholder: 'MS', max: 10_000 }),
    default: '0',
    help: 'Round trip to simulate in front of every target, half of it in each direction.',
  }),
  timeoutMs: option({
    name: 'timeout',
    value: duration({ min: '10ms', max: '1h' }),
    default: '30s',
    help: 'After this long an operation counts as an error.',
  }),
  seed: option({
    name: 'seed',
    value: count({ min: '0', max: '4294967295' }),
    default: '1',
    help: 'Of the chance that the confidence intervals are drawn with.',
  }),
  json: option({
    name: 'json',
    value: toggle(),
    default: 'false',
    help: 'Print the results as one JSON object.',
  }),
  markdown: option({
    name: 'markdown',
    value: toggle(),
    default: 'false',
    help: 'Print the results as Markdown.',
  }),
  html: optional({
    name: 'html',
    value: path(),
    help: 'Write the results with plots to this file, which needs nothing else to be looked at.',
  }),
  maxP50Ms: optional({
    name: 'max-p50',
    value: milliseconds({ placeholder: 'LATENCY', max: 3_600_000 }),
    help: 'The p50 that no target may exceed.',
  }),
  maxP95Ms: optional({
    name: 'max-p95',
    value: milliseconds({ placeholder: 'LATENCY', max: 3_600_000 }),
    help: 'The p95 that no target may exceed.',
  }),
  maxP99Ms: optional({
    name: 'max-p99',
    value: milliseconds({ placeholder: 'LATENCY', max: 3_600_000 }),
    help: 'The p99 that no target may exceed.',
  }),
  maxErrors: optional({
    name: 'max-errors',
    value: count({ min: '0' }),
    help: 'Errors that no target may exceed.',
  }),
  minPerSecond: optional({
    name: 'min-rate',
    value: decimal({ placeholder: 'NUMBER', min: 0, max: 10_000_000 }),
    help: 'Successful operations in a second that no target may fall below.',
  }),
}

export type LoadOptionKey = keyof typeof loadOptions
type WithDefault = {
  [Key in LoadOptionKey]: (typeof loadOptions)[Key] extends { default: string } ? Key : never
}[LoadOptionKey]

type ValueOf<Key extends LoadOptionKey> = z.output<(typeof loadOptions)[Key]['value']['schema']>

/** Every option with the value that holds; undefined for what was not given and has no default. */
export type LoadSettings = {
  readonly [Key in LoadOptionKey]: ValueOf<Key> | (Key extends WithDefault ? never : undefined)
}

export const loadOptionKeys = Object.keys(loadOptions).filter(isLoadOptionKey)

function isLoadOptionKey(key: string): key is LoadOptionKey {
  return Object.hasOwn(loadOptions, key)
}

/** `--max-p95` */
export function loadFlagOf(key: LoadOptionKey): string {
  return `--${loadOptions[key].name}`
}

export function defaultOfLoad(key: LoadOptionKey): string | undefined {
  return loadOptions[key].default
}

/** At most so many colours can be told apart, and series be afforded. */
const maxTargets = 8

/** `NAME=URL`, or a URL alone. All that were given, joined by line breaks. */
function targets(): ValueKind<readonly Target[]> {
  const allowed =
    'NAME=ws://HOST:PORT, at most 8, each with a name of its own of up to 32 letters, digits, dots or dashes'
  const schema = z.string().transform((given, context): readonly Target[] => {
    const lines = given.split('\n')
    const found = lines.map((line, index) => readTarget(line, lines.length === 1 ? 'gateway' : `gateway-${index + 1}`))
    const refused = found.indexOf(undefined)
    const known = found.filter(target => target !== undefined)
    const names = known.map(({ name }) => name)
    const repeated = names.find((name, index) => names.indexOf(name) !== index)
    const problem =
      refused === -1
        ? known.length > maxTargets
          ? `${known.length} targets are more than the ${maxTargets} that can be compared`
          : repeated === undefined
            ? undefined
            : `the name ${quoteValue(repeated)} is given to two targets`
        : `${quoteValue(lines[refused])} is not a target: write NAME=ws://HOST:PORT, the name of up to 32 letters, digits, dots or dashes`
    if (problem === undefined) return known
    context.addIssue({ code: 'custom', message: printable(problem), input: given })
    return z.NEVER
  })
  return { schema, placeholder: 'NAME=URL', allowed }
}

function readTarget(text: string, fallbackName: string): Target | undefined {
  const { name = fallbackName, url = '' } =
    /^(?:(?<name>[A-Za-z0-9.-]{1,32})=)?(?<url>wss?:\/\/.+)$/.exec(text)?.groups ?? {}
  return URL.canParse(url) ? { name, url } : undefined
}

/** Milliseconds: `80`, `80ms`, `0.5ms`, `250us` or `2s`. */
function milliseconds({ placeholder, max }: { placeholder: string; max: number }): ValueKind<number> {
  const allowed = `0 to ${max} ms, as in 80, 80ms, 0.5ms, 250us or 2s`
  return {
    schema: readBy(`a time of ${allowed}`, given => {
      if (typeof given !== 'string') return undefined
      const { amount, unit = 'ms' } = /^(?<amount>\d+(?:\.\d+)?)(?<unit>us|ms)?$/.exec(given)?.groups ?? {}
      const ms = amount === undefined ? parseDurationMs(given) : Number(amount) / (unit === 'us' ? 1000 : 1)
      return ms !== undefined && ms <= max ? ms : undefined
    }),
    placeholder,
    allowed,
  }
}

function decimal({ placeholder, min, max }: { placeholder: string; min: number; max: number }): ValueKind<number> {
  const allowed = `${min} to ${max}`
  return {
    schema: readBy(`a number of ${allowed}`, given => {
      const value = typeof given === 'string' && /^\d+(\.\d+)?$/.test(given) ? Number(given) : undefined
      return value !== undefined && value >= min && value <= max ? value : undefined
    }),
    placeholder,
    allowed,
  }
}

function path(): ValueKind<string> {
  return {
    schema: readBy('the path of a file', given => (typeof given === 'string' && given !== '' ? given : undefined)),
    placeholder: 'FILE',
    allowed: 'a path in a folder that exists',
  }
}
