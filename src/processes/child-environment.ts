import type { EnvironmentPolicy } from '../protocol/process-schemas.ts'
import { nameMatcher } from './name-pattern.ts'

export interface EnvironmentRequest {
  /** How to compute what the overlay is laid over. Nullish means over nothing. */
  readonly policy: EnvironmentPolicy | null | undefined
  /** The caller's own variables, which no filter touches. */
  readonly overlay: Readonly<Record<string, string>>
  /** What a child may inherit at most. */
  readonly inherited: ReadonlyMap<string, string>
}

/** Variables that `core` inherits, without regard to ASCII case. */
const coreNames: ReadonlySet<string> = new Set([
  'PATH',
  'SHELL',
  'TMPDIR',
  'TEMP',
  'TMP',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LOGNAME',
  'USER',
])

/** Names that look like credentials. */
const defaultExcludes = ['*KEY*', '*SECRET*', '*TOKEN*']

/** Credentials of executors and their tools. No command gets them, in whichever case and whoever asks. */
const withheldNames: ReadonlySet<string> = new Set([
  'CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN',
  'NODE_REPL_AUTH_TOKEN',
  'OPENAI_FEDERATION_RULE_ID',
  'OPENAI_IDENTITY_TOKEN_FILE',
  'OPENAI_WORKLOAD_IDENTITY_CONTEXT',
])

/** A switch of the reference server, withheld in exactly this spelling. */
const withheldSwitch = 'CODEX_EXEC_SERVER_EXIT_ON_STDIN_CLOSE'

/**
 * The whole environment of a new process, by the algorithm of section "Environment" of docs/protocol.md: what the
 * policy leaves of the inherited variables and adds to them, then the overlay, less the withheld names.
 */
export function childEnvironment({ policy, overlay, inherited }: EnvironmentRequest): Map<string, string> {
  const environment = policy ? computeEnvironment(policy, inherited) : new Map<string, string>()
  for (const [name, value] of Object.entries(overlay)) environment.set(name, value)
  removeNames(environment, isWithheld)
  return environment
}

function computeEnvironment(policy: EnvironmentPolicy, inherited: ReadonlyMap<string, string>): Map<string, string> {
  const environment = new Map(policy.inherit === 'none' ? [] : inherited)
  if (policy.inherit === 'core') removeNames(environment, name => !coreNames.has(upperCased(name)))
  if (!policy.ignoreDefaultExcludes) removeNames(environment, nameMatcher(defaultExcludes))
  removeNames(environment, nameMatcher(policy.exclude))
  for (const [name, value] of Object.entries(policy.set)) environment.set(name, value)
  if (policy.includeOnly.length > 0) {
    const included = nameMatcher(policy.includeOnly)
    removeNames(environment, name => !included(name))
  }
  return environment
}

function removeNames(environment: Map<string, string>, isUnwanted: (name: string) => boolean): void {
  for (const name of environment.keys()) if (isUnwanted(name)) environment.delete(name)
}

function isWithheld(name: string): boolean {
  return name === withheldSwitch || withheldNames.has(upperCased(name))
}

/** Upper case in ASCII alone: `ı` and `ſ` must not turn into letters of a listed name. */
function upperCased(name: string): string {
  return name.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
