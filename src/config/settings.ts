import { type ReadFile, readConfigFile } from './config-file.ts'
import { configFlag, readFlags } from './flags.ts'
import { type Command, defaultOf, type OptionKey, optionKeys, options, type Settings } from './options.ts'
import { isProblem, type Problem } from './problem.ts'
import { conflictIn } from './rules.ts'
import type { Environment, GivenValues } from './sources.ts'
import { configVariable, readStockVariables, readVariables } from './variables.ts'

export interface SettingsRequest {
  readonly command: Command
  /** The arguments after the command. */
  readonly argv: readonly string[]
  readonly environment: Environment
  readonly readFile: ReadFile
}

export interface LoadedSettings {
  readonly settings: Settings
  /** Sentences about what was passed over. */
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration: flags win over `EXECGATE_*` variables, those over the TOML file that `--config` or
 * `EXECGATE_CONFIG` names, and that over the defaults. No file is searched for. Every given value is checked, those
 * that lose included, so that the outcome does not depend on what happens to hide a mistake. Never throws.
 */
export function loadSettings({ command, argv, environment, readFile }: SettingsRequest): LoadedSettings | Problem {
  const flags = readFlags(argv, command)
  if (isProblem(flags)) return flags
  const variables = readVariables(environment, command)
  const sources = [flags.given, variables.given]

  const path = flags.configPath ?? variables.configPath
  if (path !== undefined) {
    const namedBy = flags.configPath === undefined ? configVariable : configFlag
    const file = readConfigFile({ path, namedBy, command, readFile })
    if (isProblem(file)) return file
    sources.push(file.given)
  }
  sources.push(readStockVariables(environment, command))

  const settings = resolve(sources, command)
  if (isProblem(settings)) return settings
  const conflict = conflictIn(settings)
  return conflict === undefined ? { settings, warnings: variables.warnings } : { problem: conflict }
}

function resolve(sources: readonly GivenValues[], command: Command): Settings | Problem {
  const values = new Map<OptionKey, unknown>()
  for (const key of optionKeys) {
    const { schema } = options[key].value
    const candidates = [
      ...sources.map(source => source.get(key)),
      { source: 'default', value: defaultOf(key, command) },
    ]
    for (const given of candidates) {
      if (given === undefined) continue
      const parsed = schema.safeParse(given.value)
      if (!parsed.success) return { problem: `${given.source}: ${parsed.error.issues[0]?.message}` }
      if (!values.has(key)) values.set(key, parsed.data)
    }
  }
  // Every key of the table holds what its own schema put out, which is the definition of Settings.
  return Object.fromEntries(values) as Settings
}
