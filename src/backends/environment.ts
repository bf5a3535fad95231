import { GatewayError, LazyClient } from '../client/execgate-client.ts'
import type { RemoteServer } from './environments-file.ts'
import type { ExecBackend } from './exec-backend.ts'

/** What is known of an environment; asking never connects and never waits for a recovery. */
export type EnvironmentStatus =
  { readonly name: 'pending' | 'ready' } | { readonly name: 'disconnected'; readonly error: unknown }

/** A place where commands run, by its name. */
export interface Environment {
  readonly id: string
  readonly kind: 'local' | 'remote'
  /** Connects where that is needed. @throws GatewayError when it cannot */
  use(): Promise<ExecBackend>
  status(): Promise<EnvironmentStatus>
}

/** An environment with the end of what it holds. */
export interface OwnedEnvironment extends Environment {
  [Symbol.asyncDispose](): Promise<void>
}

/** In this program: opened with the first use. */
export function localEnvironment(id: string, open: () => Promise<ExecBackend>): OwnedEnvironment {
  let opened: Promise<ExecBackend> | undefined
  let isClosed = false
  return {
    id,
    kind: 'local',
    use: async () => {
      if (isClosed) throw unavailable('it was let go of')
      return (opened ??= open())
    },
    status: () => Promise.resolve({ name: 'ready' }),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      const backend = await opened?.catch(() => undefined)
      await backend?.[Symbol.asyncDispose]()
    },
  }
}

/**
 * At a server. One with a URL is connected to in the background from now on, since whoever names it will want it; a command
 * is started when it is used.
 */
export function remoteEnvironment(id: string, { server, ...options }: RemoteServer): OwnedEnvironment {
  const client = new LazyClient(server, { clientName: 'execgate', ...options })
  if (typeof server === 'string') client.use().catch(() => {})
  return {
    id,
    kind: 'remote',
    use: () => client.use(),
    status: () => statusOf(client),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function statusOf(client: LazyClient): Promise<EnvironmentStatus> {
  const name = await client.status()
  return name === 'disconnected' ? { name, error: client.failure } : { name }
}

/** The end of an environment that never came to be. */
export function unavailable(reason: string): GatewayError {
  return new GatewayError('refused', `environment unavailable: ${reason}`)
}
