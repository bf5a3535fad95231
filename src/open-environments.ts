import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { Environments } from './backends/environments.ts'
import {
  type EnvironmentsPlan,
  localId,
  planForUrl,
  readEnvironmentsFile,
  type RemoteServer,
} from './backends/environments-file.ts'
import { urlVariable } from './cli/gateway-url.ts'
import { environmentsVariable } from './cli/run-arguments.ts'
import { GatewayError } from './client/execgate-client.ts'
import { readFileText } from './config/file-text.ts'
import { isProblem, type Problem } from './config/problem.ts'
import { printable } from './config/quoting.ts'

export type { Environment, EnvironmentStatus } from './backends/environment.ts'
export { DeferredEnvironment, type CapabilityRoot, type Registration } from './backends/deferred-environment.ts'
export { Environments } from './backends/environments.ts'
export type { RemoteServer } from './backends/environments-file.ts'
export type { ExecBackend, ExecProcess } from './backends/exec-backend.ts'

export interface EnvironmentsOptions {
  /** Where the variables are. Default: those of this program. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Leaves out every other remote environment, so that nothing connects to it. */
  readonly only?: string
}

/**
 * The environments of this machine's user. The file that `EXECGATE_ENVIRONMENTS` names, or else
 * `$XDG_CONFIG_HOME/execgate/environments.toml` (`~/.config` without that variable) if there is one, says which; without a file
 * the server of `EXECGATE_URL`, as `remote`; without both the one in this program, `local`. `EXECGATE_URL=none` means none at all.
 * @throws GatewayError with what is wrong with the file or the URL
 */
export function openEnvironments({ variables = process.env, only }: EnvironmentsOptions = {}): Environments {
  const plan = planOf(variables)
  if (isProblem(plan)) throw new GatewayError('refused', plan.problem)
  return Environments.open(only === undefined ? plan : narrowed(plan, only), async () => {
    // Most environments are elsewhere, and need no gateway here.
    const { openHere } = await import('./open-here.ts')
    return openHere()
  })
}

function planOf(variables: Readonly<Record<string, string | undefined>>): EnvironmentsPlan | Problem {
  const named = variables[environmentsVariable] ?? ''
  const usual = path.join(
    variables['XDG_CONFIG_HOME'] || path.join(variables['HOME'] ?? homedir(), '.config'),
    'execgate',
  )
  const file = named === '' ? path.join(usual, 'environments.toml') : named
  if (named === '' && !existsSync(file)) return planForUrl(variables[urlVariable])
  try {
    return readEnvironmentsFile(readFileText(file), path.dirname(path.resolve(file)))
  } catch (error) {
    return { problem: `cannot read environments.toml: ${(error as Error).message}` }
  }
}

/** Without the other remote environments. */
function narrowed(plan: EnvironmentsPlan, id: string): EnvironmentsPlan {
  const remote = plan.remotes.get(id)
  if (remote !== undefined) return { defaultId: id, includesLocal: false, remotes: new Map([[id, remote]]) }
  const localOnly = { ...plan, remotes: new Map<string, RemoteServer>() }
  if (id === localId && plan.includesLocal) return localOnly
  const known = [...(plan.includesLocal ? [localId] : []), ...plan.remotes.keys()]
  throw new GatewayError(
    'refused',
    `there is no environment \`${printable(id)}\`; there are: ${known.join(', ') || 'none'}`,
  )
}
