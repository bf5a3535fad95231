import { GatewayError } from '../client/execgate-client.ts'
import { DeferredEnvironment } from './deferred-environment.ts'
import { type Environment, localEnvironment, type OwnedEnvironment, remoteEnvironment } from './environment.ts'
import { type EnvironmentsPlan, idProblem, localId, type RemoteServer } from './environments-file.ts'
import type { ExecBackend } from './exec-backend.ts'

/** Every environment of a program, by its id. Disposing it ends the connections of all. */
export class Environments implements AsyncDisposable {
  readonly #byId = new Map<string, OwnedEnvironment>()
  readonly #defaultId: string | undefined
  readonly #replaced = new Set<Promise<void>>()
  #disposal: Promise<void> | undefined

  private constructor(defaultId: string | undefined) {
    this.#defaultId = defaultId
  }

  /** `openLocal` opens the environment in this program, when it is first used. */
  static open(plan: EnvironmentsPlan, openLocal: () => Promise<ExecBackend>): Environments {
    const environments = new Environments(plan.defaultId)
    if (plan.includesLocal) environments.#byId.set(localId, localEnvironment(localId, openLocal))
    for (const [id, remote] of plan.remotes) environments.#byId.set(id, remoteEnvironment(id, remote))
    return environments
  }

  /** The default first. */
  get ids(): readonly string[] {
    const others = [...this.#byId.keys()].filter(id => id !== this.#defaultId)
    return this.#defaultId === undefined ? others : [this.#defaultId, ...others]
  }

  /** The one to use when none is named. @throws GatewayError when there is none */
  get default(): Environment {
    if (this.#defaultId === undefined) throw new GatewayError('refused', 'there is no default environment')
    return this.get(this.#defaultId)
  }

  /** @throws GatewayError when there is none of that name */
  get(id: string): Environment {
    const found = this.#byId.get(id)
    if (found !== undefined) return found
    const known = this.ids.map(known => `\`${known}\``).join(', ') || 'none'
    throw new GatewayError('refused', `there is no environment \`${id}\`; there are: ${known}`)
  }

  /** Adds an environment, or puts it in the place of one with that id. @throws GatewayError when the id is not allowed, or it is too late */
  set(id: string, remote: RemoteServer): Environment {
    this.#checkId(id)
    return this.#put(remoteEnvironment(id, remote))
  }

  /** The same, with a server that must not be connected to before `complete` is called. Completing one that has been replaced affects nothing else. */
  defer(id: string, remote: RemoteServer): DeferredEnvironment {
    this.#checkId(id)
    return this.#put(new DeferredEnvironment(id, remote))
  }

  /** A second caller waits for the first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose()
    return this.#disposal
  }

  async #dispose(): Promise<void> {
    const all = [...this.#byId.values()]
    this.#byId.clear()
    await Promise.all([...all.map(environment => environment[Symbol.asyncDispose]()), ...this.#replaced])
  }

  #checkId(id: string): void {
    if (this.#disposal !== undefined) throw new GatewayError('refused', 'the environments have been let go of')
    const problem = id === localId ? 'environment id `local` is reserved for EnvironmentManager' : idProblem(id)
    if (problem !== undefined) throw new GatewayError('refused', problem)
  }

  #put<Kind extends OwnedEnvironment>(environment: Kind): Kind {
    const replaced = this.#byId.get(environment.id)
    this.#byId.set(environment.id, environment)
    if (replaced !== undefined) {
      const ended = replaced[Symbol.asyncDispose]().finally(() => this.#replaced.delete(ended))
      this.#replaced.add(ended)
    }
    return environment
  }
}
