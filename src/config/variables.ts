import { didYouMean } from './closest-name.ts'
import { type Command, optionKeys, type OptionKey, takes, variableOf } from './options.ts'
import { shorten } from './quoting.ts'
import { levelOfRustLog } from './rust-log.ts'
import type { Environment, Given, GivenValues } from './sources.ts'

/** Names the configuration file when `--config` does not. */
export const configVariable = 'EXECGATE_CONFIG'

/** Read by other parts of the program or put into the environment of processes; not options. */
const reservedVariables: readonly string[] = [
  configVariable,
  'EXECGATE_URL',
  'EXECGATE_ENVIRONMENTS',
  'EXECGATE_INSTANCE',
]

/** What Kubernetes injects for a Service called `execgate`: kubernetes.io, "Accessing the Service", environment variables. */
const kubernetesVariable = /^EXECGATE_(?:PORT(?:_.*)?|SERVICE_.*)$/s

interface Variables {
  readonly given: GivenValues
  /** What `EXECGATE_CONFIG` names. */
  readonly configPath: string | undefined
  /** One sentence for each variable that looks like an option and is none. */
  readonly warnings: readonly string[]
}

/**
 * Reads the `EXECGATE_*` variables. An empty one counts as not set, as for standard variables of OpenTelemetry:
 * templates often leave empty what they do not fill.
 */
export function readVariables(environment: Environment, command: Command): Variables {
  const given = new Map<OptionKey, Given>()
  for (const key of optionKeys.filter(candidate => takes(command, candidate))) {
    const source = variableOf(key)
    const value = environment[source]
    if (value) given.set(key, { source, value })
  }
  return { given, configPath: environment[configVariable] || undefined, warnings: warnOfUnknown(environment) }
}

function warnOfUnknown(environment: Environment): string[] {
  const known = optionKeys.map(variableOf)
  return Object.keys(environment)
    .filter(name => name.startsWith('EXECGATE_'))
    .filter(name => ![...known, ...reservedVariables].includes(name) && !kubernetesVariable.test(name))
    .map(name => `the variable ${shorten(name)} is set, but no option has that name${didYouMean(name, known)}`)
}

/** Variables of the reference server that hold where no source of ours says anything: the log level of exec-server. */
export function readStockVariables(environment: Environment, command: Command): GivenValues {
  const source = 'RUST_LOG'
  const value = command === 'exec-server' ? levelOfRustLog(environment[source] ?? '') : undefined
  return new Map(value === undefined ? [] : [['logLevel', { source, value }]])
}
