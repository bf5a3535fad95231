import { didYouMean } from './closest-name.ts'
import { type Command, commands, flagOf, type OptionKey, optionKeys, options, takes } from './options.ts'
import type { Problem } from './problem.ts'
import { quoteValue, shorten } from './quoting.ts'
import type { Given, GivenValues } from './sources.ts'
import { refuseStockArgument } from './stock-flags.ts'

/** Names the configuration file. Not in the option table: a file cannot name itself. */
export const configFlag = '--config'

interface Flags {
  readonly given: GivenValues
  /** What `--config` names. */
  readonly configPath: string | undefined
}

interface FlagMeaning {
  readonly sets: OptionKey | typeof configFlag
  /** The value a switch stands for when none follows. */
  readonly implied?: 'true' | 'false'
  /** Whether `=VALUE` may follow. */
  readonly takesValue: boolean
}

/**
 * Reads the arguments after the command: `--flag VALUE`, `--flag=VALUE`, and `--switch`, `--no-switch` or
 * `--switch=VALUE`. A value that begins with two dashes needs the form with `=`. Anything else, and an option given
 * twice, is refused.
 */
export function readFlags(argv: readonly string[], command: Command): Flags | Problem {
  const meanings = flagMeanings(command)
  const found = new Map<FlagMeaning['sets'], Given & { value: string }>()
  const tokens = [...argv]
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    const { flag, inline } = splitToken(token)
    const meaning = meanings.get(flag)
    if (meaning === undefined) return { problem: refuseUnknown(flag, command, meanings.keys()) }
    const { sets, implied, takesValue } = meaning
    const earlier = found.get(sets)
    if (earlier !== undefined) return { problem: `${flag} repeats ${earlier.source}: give an option only once` }
    if (inline !== undefined && !takesValue) return { problem: `${flag} takes no value; remove ${quoteValue(inline)}` }
    const value = inline ?? implied ?? (tokens[0]?.startsWith('--') ? undefined : tokens.shift())
    if (value === undefined) return { problem: `${flag} needs a value: write \`${flag}=VALUE\`` }
    found.set(sets, { source: flag, value })
  }
  const given = new Map<OptionKey, Given>()
  for (const [sets, flag] of found) if (sets !== configFlag) given.set(sets, flag)
  return { given, configPath: found.get(configFlag)?.value }
}

function flagMeanings(command: Command): Map<string, FlagMeaning> {
  const meanings = new Map<string, FlagMeaning>([[configFlag, { sets: configFlag, takesValue: true }]])
  for (const key of optionKeys.filter(candidate => takes(command, candidate))) {
    if (isSwitch(key)) {
      meanings.set(flagOf(key), { sets: key, implied: 'true', takesValue: true })
      meanings.set(`--no-${options[key].name}`, { sets: key, implied: 'false', takesValue: false })
    } else {
      meanings.set(flagOf(key), { sets: key, takesValue: true })
    }
  }
  return meanings
}

/** Whether the flag of an option stands for itself, without a value. */
export function isSwitch(key: OptionKey): boolean {
  return options[key].value.placeholder === undefined
}

function splitToken(token: string): { flag: string; inline: string | undefined } {
  const equals = token.startsWith('--') ? token.indexOf('=') : -1
  if (equals === -1) return { flag: token, inline: undefined }
  return { flag: token.slice(0, equals), inline: token.slice(equals + 1) }
}

function refuseUnknown(flag: string, command: Command, known: Iterable<string>): string {
  const stock = refuseStockArgument(flag)
  if (stock !== undefined) return stock
  const taker = commands.find(other => flagMeanings(other).has(flag))
  if (taker !== undefined) return `${flag} is an option of \`execgate ${taker}\`, not of \`execgate ${command}\``
  const kind = flag.startsWith('-') ? 'unknown option' : 'unexpected argument'
  const hint = didYouMean(flag, known) || `; \`execgate ${command} --help\` lists the options`
  return `${kind} \`${shorten(flag)}\`${hint}`
}
