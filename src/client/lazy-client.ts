import { GatewayError } from '../protocol/gateway-error.ts'
import { sessionLost } from './call-errors.ts'
import { orAborted } from './deadline.ts'
import { type ClientOptions, ExecClient, type ExecOptions, type Server } from './exec-client.ts'
import type { ExecResult } from './exec.ts'
import type { FetchOptions } from './http-fetch.ts'
import type { Process } from './process.ts'
import type { Command, StartOptions } from './start-options.ts'

type State =
  | { readonly name: 'unused' }
  | { readonly name: 'connecting'; readonly client: Promise<ExecClient> }
  | { readonly name: 'connected'; readonly client: ExecClient }
  /** For good. */
  | { readonly name: 'broken' | 'closed'; readonly error: unknown }

/** What is known of a server without asking it anything new. */
export type LazyStatus = 'pending' | 'ready' | 'disconnected'

/**
 * A server that is connected to when it is first used, and again with a new session when one was lost. Users of the same moment
 * share one attempt. What failed but may succeed another time is tried again with the next use; what cannot is remembered.
 */
export class LazyClient implements AsyncDisposable {
  readonly #server: Server
  readonly #options: ClientOptions
  readonly #abort = new AbortController()
  #state: State = { name: 'unused' }
  #failure: unknown
  #disposal: Promise<void> | undefined

  constructor(server: Server, options: ClientOptions = {}) {
    this.#server = server
    this.#options = options
  }

  /** The client of now: it may be resuming its session, which its calls wait for. */
  use(): Promise<ExecClient> {
    const state = this.#state
    switch (state.name) {
      case 'connecting':
        return state.client
      case 'connected':
        return this.#isReplaceable(state.client) ? this.#connect() : Promise.resolve(state.client)
      case 'unused':
        return this.#connect()
      case 'broken':
      case 'closed':
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the very error of the first attempt
        return Promise.reject(state.error)
    }
  }

  /** Runs a command to its end, as ExecClient does. */
  async exec(command: Command, options?: ExecOptions): Promise<ExecResult> {
    return (await this.#useFor(options)).exec(command, options)
  }

  /** Starts a command, as ExecClient does. */
  async start(command: Command, options?: StartOptions): Promise<Process> {
    return (await this.#useFor(options)).start(command, options)
  }

  /** Makes an HTTP request from the machine of the server, as ExecClient does. */
  async fetch(url: string | URL, options?: FetchOptions): Promise<Response> {
    return (await this.#useFor(options)).fetch(url, options)
  }

  /** What `status()` means by `disconnected`: why the last attempt or the last question failed. */
  get failure(): unknown {
    return this.#failure
  }

  /** Asks a server that is connected whether it is ready. Never connects, and never waits for a session to be resumed. */
  async status(): Promise<LazyStatus> {
    const state = this.#state
    if (state.name === 'connecting') return 'pending'
    if (state.name === 'unused') return this.#failure === undefined ? 'pending' : 'disconnected'
    if (state.name !== 'connected') return 'disconnected'
    try {
      await state.client.call('environment/status', null)
      return 'ready'
    } catch (error) {
      this.#failure = error
      return 'disconnected'
    }
  }

  /** A second caller waits for the first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose()
    return this.#disposal
  }

  async #dispose(): Promise<void> {
    const state = this.#state
    const error = sessionLost('the client was closed')
    this.#state = { name: 'closed', error }
    this.#failure = error
    this.#abort.abort(error)
    if (state.name === 'connected') await state.client[Symbol.asyncDispose]()
    if (state.name === 'connecting') await state.client.catch(() => {})
  }

  /** Whoever gives up does not wait for the attempt that others share. */
  #useFor({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ExecClient> {
    return orAborted(this.use(), signal)
  }

  /** A session that is lost is replaced; a server on streams is gone with its session. */
  #isReplaceable(client: ExecClient): boolean {
    return client.state === 'failed' && (typeof this.#server === 'string' || this.#server instanceof URL)
  }

  #connect(): Promise<ExecClient> {
    const client = this.#attempt()
    this.#state = { name: 'connecting', client }
    return client
  }

  async #attempt(): Promise<ExecClient> {
    try {
      const client = await ExecClient.connect(this.#server, { ...this.#options, signal: this.#abort.signal })
      if (this.#abort.signal.aborted) await client[Symbol.asyncDispose]()
      this.#abort.signal.throwIfAborted()
      this.#state = { name: 'connected', client }
      this.#failure = undefined
      return client
    } catch (error) {
      if (this.#state.name === 'closed') throw error
      this.#failure = error
      const mayHelp = error instanceof GatewayError && error.isRetryable
      this.#state = mayHelp ? { name: 'unused' } : { name: 'broken', error }
      throw error
    }
  }
}
