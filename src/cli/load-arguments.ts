import { didYouMean } from '../config/closest-name.ts'
import { isProblem, type Problem } from '../config/problem.ts'
import { quoteValue, shorten } from '../config/quoting.ts'
import {
  defaultOfLoad,
  loadFlagOf,
  type LoadOptionKey,
  loadOptionKeys,
  loadOptions,
  type LoadSettings,
} from './load-options.ts'

/** Reads the arguments after `execgate load`. The problem is a sentence that says what to write instead. Never throws. */
export function readLoadArguments(argv: readonly string[]): LoadSettings | Problem {
  const given = readGiven(argv)
  if (isProblem(given)) return given
  const values = new Map<LoadOptionKey, unknown>()
  for (const key of loadOptionKeys) {
    const text = given.get(key) ?? defaultOfLoad(key)
    if (text === undefined) continue
    const parsed = loadOptions[key].value.schema.safeParse(text)
    if (!parsed.success) return { problem: `${loadFlagOf(key)}: ${parsed.error.issues[0]?.message}` }
    values.set(key, parsed.data)
  }
  // Every key of the table holds what its own schema put out, which is the definition of LoadSettings.
  const settings = Object.fromEntries(values) as LoadSettings
  const conflict = conflictIn(settings, given)
  return conflict === undefined ? settings : { problem: conflict }
}

function readGiven(argv: readonly string[]): Map<LoadOptionKey, string> | Problem {
  const given = new Map<LoadOptionKey, string>()
  const tokens = [...argv]
  const first = tokens[0]
  if (first !== undefined && !first.startsWith('-')) {
    given.set('scenario', first)
    tokens.shift()
  }
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    const equals = token.startsWith('--') ? token.indexOf('=') : -1
    const flag = equals === -1 ? token : token.slice(0, equals)
    const key = loadOptionKeys.find(candidate => loadFlagOf(candidate) === flag)
    if (key === undefined) return { problem: refuseUnknown(flag) }
    const inline = equals === -1 ? undefined : token.slice(equals + 1)
    const implied = isLoadSwitch(key) ? 'true' : undefined
    const value = inline ?? implied ?? (tokens[0]?.startsWith('--') ? undefined : tokens.shift())
    if (value === undefined)
      return { problem: `${flag} needs a value: write \`${flag} ${loadOptions[key].value.placeholder}\`` }
    const earlier = given.get(key)
    if (earlier !== undefined && key !== 'targets')
      return { problem: `${flag} is given twice: ${quoteValue(earlier)} and ${quoteValue(value)}` }
    given.set(key, earlier === undefined ? value : `${earlier}\n${value}`)
  }
  return given
}

/** Whether the flag of an option stands for itself, without a value. */
export function isLoadSwitch(key: LoadOptionKey): boolean {
  return loadOptions[key].value.placeholder === undefined
}

function conflictIn(settings: LoadSettings, given: ReadonlyMap<LoadOptionKey, string>): string | undefined {
  const { scenario, rttMs, targets } = settings
  if (given.has('iterations') && given.has('durationMs')) {
    return '--iterations and --duration both say how long a run takes: give one of them'
  }
  if (settings.json && settings.markdown) return '--json and --markdown both want standard output: give one of them'
  if (settings.completion !== 'events' && scenario !== 'one-shot') {
    return `--completion ${settings.completion} belongs to the scenario one-shot, not to ${scenario}`
  }
  if (given.has('sessions') && scenario !== 'idle' && scenario !== 'reconnect') {
    return `--sessions belongs to the scenarios idle and reconnect, not to ${scenario}`
  }
  if (given.has('streamBytes') && scenario !== 'stream') {
    return `--stream-bytes belongs to the scenario stream, not to ${scenario}`
  }
  const isProxied = rttMs > 0 || scenario === 'reconnect' || scenario === 'slow-consumer'
  const encrypted = targets.find(({ url }) => url.startsWith('wss:'))
  if (isProxied && encrypted !== undefined) {
    const cause = rttMs > 0 ? '--rtt' : `the scenario ${scenario}`
    return `${cause} needs ws:// targets: the certificate of ${encrypted.name} does not name the proxy in front of it`
  }
  return undefined
}

function refuseUnknown(flag: string): string {
  const kind = flag.startsWith('-') ? 'unknown option' : 'unexpected argument'
  const hint = didYouMean(flag, loadOptionKeys.map(loadFlagOf)) || '; `execgate load --help` lists the options'
  return `${kind} \`${shorten(flag)}\`${hint}`
}
