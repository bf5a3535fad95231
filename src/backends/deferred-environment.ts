import { GatewayError } from '../client/execgate-client.ts'
import { type EnvironmentStatus, type OwnedEnvironment, remoteEnvironment, unavailable } from './environment.ts'
import type { RemoteServer } from './environments-file.ts'
import type { ExecBackend } from './exec-backend.ts'

const maxCapabilityRoots = 256

/** A place with capabilities, as whoever registers the environment knows it. */
export interface CapabilityRoot {
  readonly id: string
  readonly environmentId: string
  readonly path: string
}

/** How the registration of an environment went. */
export type Registration =
  | { readonly outcome: 'ready'; readonly capabilityRoots: readonly CapabilityRoot[] }
  | { readonly outcome: 'failed'; readonly reason: string }

type State =
  | { readonly name: 'waiting' }
  | { readonly name: 'ready'; readonly environment: OwnedEnvironment }
  | { readonly name: 'unavailable'; readonly error: GatewayError }

/**
 * An environment whose server is known but must not be connected to before its registration is complete. Whoever uses it
 * meanwhile waits. Only the first completion counts; letting go of it without one makes the environment unavailable.
 */
export class DeferredEnvironment implements OwnedEnvironment {
  readonly kind = 'remote'
  readonly id: string
  readonly #server: RemoteServer
  readonly #completed = Promise.withResolvers<void>()
  #state: State = { name: 'waiting' }
  #capabilityRoots: readonly CapabilityRoot[] = []

  constructor(id: string, server: RemoteServer) {
    this.id = id
    this.#server = server
  }

  /** Empty until the registration is complete. */
  get capabilityRoots(): readonly CapabilityRoot[] {
    return this.#capabilityRoots
  }

  complete(registration: Registration): void {
    if (this.#state.name !== 'waiting') return
    const problem =
      registration.outcome === 'failed' ? registration.reason : this.#problemOf(registration.capabilityRoots)
    if (problem !== undefined) this.#fail(problem)
    else if (registration.outcome === 'ready') {
      this.#capabilityRoots = registration.capabilityRoots
      this.#state = { name: 'ready', environment: remoteEnvironment(this.id, this.#server) }
      this.#completed.resolve()
    }
  }

  async use(): Promise<ExecBackend> {
    await this.#completed.promise
    const state = this.#state
    if (state.name === 'ready') return await state.environment.use()
    throw state.name === 'unavailable' ? state.error : unavailable('it was not completed')
  }

  async status(): Promise<EnvironmentStatus> {
    const state = this.#state
    if (state.name === 'waiting') return { name: 'pending' }
    return state.name === 'ready' ? await state.environment.status() : { name: 'disconnected', error: state.error }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.name === 'waiting') this.#fail('environment registration ended before completion')
    if (this.#state.name === 'ready') await this.#state.environment[Symbol.asyncDispose]()
  }

  #problemOf(roots: readonly CapabilityRoot[]): string | undefined {
    if (roots.length > maxCapabilityRoots) {
      return `it has ${roots.length} capability roots, more than the ${maxCapabilityRoots} allowed`
    }
    const ids = new Set<string>()
    for (const { id, environmentId } of roots) {
      if (id === '') return 'a capability root has an empty id'
      if (ids.has(id)) return `the capability root \`${id}\` is there twice`
      if (environmentId !== this.id) return `the capability root \`${id}\` belongs to another environment`
      ids.add(id)
    }
    return undefined
  }

  #fail(reason: string): void {
    this.#state = { name: 'unavailable', error: unavailable(reason) }
    this.#completed.resolve()
  }
}
