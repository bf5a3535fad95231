import { didYouMean } from '../config/closest-name.ts'
import type { Problem } from '../config/problem.ts'
import { shorten } from '../config/quoting.ts'
import type { Environment } from '../config/sources.ts'
import { parseDurationMs } from '../config/units.ts'
import { gatewayUrlHelp, usualGatewayUrl } from './gateway-url.ts'

/** What `execgate run` is asked to do. */
export interface RunRequest {
  readonly command: readonly string[]
  /** Where the gateway is; undefined runs the command in this program, or in the environment. */
  readonly url: string | undefined
  /** An environment of `environments.toml`. */
  readonly environment: string | undefined
  readonly tty: boolean
  /** Whether standard input is passed on. */
  readonly interactive: boolean
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  readonly timeoutMs: number | undefined
}

/** The longest that a server can be told. */
const maxTimeoutMs = 2 ** 31 - 1

/** Names `environments.toml`. */
export const environmentsVariable = 'EXECGATE_ENVIRONMENTS'

interface Draft {
  url: string | undefined
  environment: string | undefined
  local: boolean
  tty: boolean
  interactive: boolean
  readonly env: Record<string, string>
  cwd: string | undefined
  timeoutMs: number | undefined
}

interface Flag {
  readonly name: string
  readonly letter?: string
  readonly placeholder?: string
  readonly help: string
  /** Takes the flag over into the draft. Returns what is wrong with its value. */
  apply(draft: Draft, value: string, environment: Environment): string | undefined
}

/** Every flag of the command, in the order of its help. */
export const runFlags: readonly Flag[] = [
  {
    name: 'url',
    placeholder: 'URL',
    help: gatewayUrlHelp,
    apply: (draft, value) => {
      draft.url = value
      return /^wss?:\/\//.test(value) ? undefined : 'is no ws:// or wss:// URL'
    },
  },
  {
    name: 'environment',
    placeholder: 'NAME',
    help: `An environment of environments.toml, which ${environmentsVariable} names, else in ~/.config/execgate.`,
    apply: (draft, value) => {
      draft.environment = value
      return undefined
    },
  },
  {
    name: 'local',
    help: 'Run the command in this program, without a gateway.',
    apply: draft => {
      draft.local = true
      return undefined
    },
  },
  {
    name: 'tty',
    letter: 't',
    help: 'Run the command in a terminal.',
    apply: draft => {
      draft.tty = true
      return undefined
    },
  },
  {
    name: 'interactive',
    letter: 'i',
    help: 'Pass standard input on, to its end.',
    apply: draft => {
      draft.interactive = true
      return undefined
    },
  },
  {
    name: 'env',
    letter: 'e',
    placeholder: 'NAME[=VALUE]',
    help: 'Set a variable; without a value, as it is here. May be repeated.',
    apply: (draft, assignment, environment) => {
      const { name, value = environment[assignment] } =
        /^(?<name>[^=]+)(?:=(?<value>.*))?$/s.exec(assignment)?.groups ?? {}
      if (name === undefined) return 'has no name'
      if (value !== undefined) draft.env[name] = value
      return undefined
    },
  },
  {
    name: 'cwd',
    letter: 'w',
    placeholder: 'FOLDER',
    help: 'Where to run, an absolute path. Default: where the gateway runs.',
    apply: (draft, value) => {
      draft.cwd = value
      return value.startsWith('/') ? undefined : 'is no absolute path'
    },
  },
  {
    name: 'timeout',
    placeholder: 'DURATION',
    help: 'Kill the command after this long: 500ms, 80s, 2m, 1h. Default: never.',
    apply: (draft, value) => {
      const ms = parseDurationMs(value)
      if (ms === undefined) return 'is no duration such as 500ms, 80s, 2m or 1h'
      draft.timeoutMs = ms
      return ms >= 1 && ms <= maxTimeoutMs ? undefined : 'is not from 1ms to 596h'
    },
  },
]

/** Reads what stands behind `execgate run`. Flags end at the first word that is none, or at `--`. */
export function parseRunArguments(argv: readonly string[], environment: Environment): RunRequest | Problem {
  const draft: Draft = {
    url: undefined,
    environment: undefined,
    local: false,
    tty: false,
    interactive: false,
    env: {},
    cwd: undefined,
    timeoutMs: undefined,
  }
  const words = [...argv]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') break
    if (!word.startsWith('-') || word === '-') {
      words.unshift(word)
      break
    }
    const problem = takeFlag(word, words, draft, environment)
    if (problem !== undefined) return { problem }
  }
  if (words.length === 0) return { problem: 'no command: write `execgate run [OPTION]... -- COMMAND [ARGUMENT]...`' }
  const places = [
    draft.url !== undefined && '--url',
    draft.environment !== undefined && '--environment',
    draft.local && '--local',
  ]
  const [one, other] = places.filter(place => place !== false)
  if (other !== undefined) return { problem: `${one} and ${other} exclude each other` }
  // Without it programs take the terminal for one that can do nothing.
  if (draft.tty && environment['TERM'] !== undefined) draft.env['TERM'] ??= environment['TERM']
  const { local, url = usualGatewayUrl(environment), ...rest } = draft
  return { ...rest, command: words, url: local || draft.environment !== undefined ? undefined : url }
}

/** Takes one word, `--name`, `--name=value`, or letters such as `-it`, and the value behind it. */
function takeFlag(word: string, words: string[], draft: Draft, environment: Environment): string | undefined {
  const isLong = word.startsWith('--')
  const equals = isLong ? word.indexOf('=') : -1
  const names = isLong ? [equals < 0 ? word : word.slice(0, equals)] : Array.from(word.slice(1), letter => `-${letter}`)
  for (const [index, name] of names.entries()) {
    const flag = runFlags.find(flag => name === `--${flag.name}` || name === `-${flag.letter}`)
    if (flag === undefined) {
      const known = runFlags.map(flag => `--${flag.name}`)
      return `unknown option \`${shorten(name)}\`${didYouMean(name, known)}`
    }
    if (flag.placeholder === undefined && equals >= 0) return `--${flag.name} takes no value`
    const isLast = index === names.length - 1
    const value =
      flag.placeholder === undefined ? '' : equals >= 0 ? word.slice(equals + 1) : isLast ? words.shift() : undefined
    if (value === undefined) return `${name} needs a value: ${name} ${flag.placeholder}`
    const wrong = flag.apply(draft, value, environment)
    if (wrong !== undefined) return `${name}: \`${shorten(value)}\` ${wrong}`
  }
  return undefined
}
