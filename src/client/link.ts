import { setMaxListeners } from 'node:events'
import { Guard } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { type MethodName, methods, type ParamsInput, type Result } from '../protocol/method-table.ts'
import type { EnvironmentInfo } from '../protocol/session-schemas.ts'
import type { CallTracing } from '../telemetry/call-tracing.ts'
import { bodyDeltaMethod } from './body-delta.ts'
import { BodyRoutes } from './body-routes.ts'
import { disconnected, sessionLost } from './call-errors.ts'
import type { Dial } from './channel.ts'
import { orAborted, pause } from './deadline.ts'
import { decodeResult } from './decode-result.ts'
import { Generation, type GenerationEvents } from './generation.ts'
import { type HandshakeOptions, shakeHands } from './handshake.ts'
import type { CallOptions } from './process-calls.ts'
import { ProcessRoutes } from './process-routes.ts'
import { recover, type RecoveryLimits } from './recovery.ts'
import { repeated } from './repeats.ts'
import type { WatchCalls } from './tree-watch.ts'
import { treeChangedMethod, WatchRoutes } from './watch-routes.ts'

/** What a client is doing about its connection. */
type State =
  | { readonly name: 'connected'; readonly generation: Generation }
  /** The session is being taken up on another connection. */
  | { readonly name: 'recovering'; readonly abort: AbortController }
  /** For good, whether the session was lost or the caller closed the client: the first reason stays. */
  | { readonly name: 'failed' | 'closed'; readonly error: GatewayError }

/** What they end must not be left behind because everything else is busy. */
const cleanupMethods: ReadonlySet<string> = new Set(['process/terminate', 'fs/close', 'fs/unwatch'])

export type LinkState = State['name']

export interface LinkOptions {
  readonly dial: Dial
  /** Whether a broken connection can be replaced: a server on standard streams is gone with it. */
  readonly canReconnect: boolean
  readonly clientName: string
  readonly resumeSessionId: string | undefined
  readonly handshakeTimeoutMs: number
  readonly limits: RecoveryLimits
  readonly timers: Timers
  readonly tracing: CallTracing | undefined
  readonly stateChanged: ((state: LinkState) => void) | undefined
}

/** Where notifications go. */
interface Inbox {
  readonly processes: ProcessRoutes
  readonly bodies: BodyRoutes
  readonly watches: WatchRoutes
}

/**
 * One session with a server, over one connection after the other. Calls that come while the session is being resumed wait;
 * what was in flight fails unless it may be sent twice. When the session cannot be resumed everything fails, for good.
 */
export class Link implements WatchCalls, AsyncDisposable {
  readonly sessionId: string
  /** As it was told at the first handshake. */
  readonly environmentInfo: EnvironmentInfo | undefined
  readonly routes: ProcessRoutes
  readonly bodies: BodyRoutes
  readonly watches: WatchRoutes
  readonly #options: LinkOptions
  /** Starts whose outcome is open; a recovery waits for them. */
  readonly #starts = new Set<Promise<unknown>>()
  #state: State
  /** The latest connection that was in use; it may take a moment to let go even after it has ended. */
  #latest: Generation
  /** When the latest connection took the place of another. */
  #resumedAt = -Infinity
  /** Readers that cannot keep up and hold everything back. */
  #holds = 0
  #changed = Promise.withResolvers<void>()
  /** Aborted when there will be no connection any more. */
  readonly #over = new AbortController()
  #disposal: Promise<void> | undefined

  private constructor(options: LinkOptions, inbox: Inbox, generation: Generation, first: Result<'initialize'>) {
    this.#options = options
    this.routes = inbox.processes
    this.bodies = inbox.bodies
    this.watches = inbox.watches
    this.sessionId = first.sessionId
    this.environmentInfo = first.environmentInfo ?? undefined
    this.#state = { name: 'connected', generation }
    this.#latest = generation
    setMaxListeners(0, this.#over.signal)
  }

  /** @throws GatewayError when no connection comes about or the handshake fails */
  static async open(options: LinkOptions, signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted()
    const inbox: Inbox = { processes: new ProcessRoutes(), bodies: new BodyRoutes(), watches: new WatchRoutes() }
    const channel = await options.dial(signal)
    let link: Link | undefined
    const generation: Generation = Generation.start(channel, {
      notified: (method, params) => deliver(inbox, method, params),
      ended: message => {
        if (link !== undefined) link.#lost(generation, message)
      },
    })
    try {
      const first = await shakeHands(generation, handshakeOf(options), options.timers, signal)
      link = new Link(options, inbox, generation, first)
    } catch (error) {
      await generation.close()
      throw error
    }
    if (generation.isOver) link.#lost(generation, disconnected().message)
    return link
  }

  get state(): LinkState {
    return this.#state.name
  }

  /** The latest connection: another one whenever it was replaced. */
  get connection(): object {
    return this.#latest
  }

  get timers(): Timers {
    return this.#options.timers
  }

  async call<M extends MethodName>(method: M, params: ParamsInput<M>, options: CallOptions = {}): Promise<Result<M>> {
    const span = this.#options.tracing?.startCall(method)
    try {
      const result = await this.#send(method, params, span?.carrier, options)
      const decoded = decodeResult(methods[method].result, result) as Result<M>
      span?.end()
      return decoded
    } catch (error) {
      span?.end(error instanceof GatewayError ? error.kind : 'aborted')
      throw error
    }
  }

  /** Makes an attempt again on the next connection when one breaks, within measure. */
  repeated<Value>(attempt: () => Promise<Value>, signal?: AbortSignal, hasAdvanced?: () => boolean): Promise<Value> {
    const { timers, limits } = this.#options
    const over = this.#over.signal
    return repeated(attempt, {
      retryMs: limits.retryMs,
      pause: ms => pause(timers, ms, signal === undefined ? over : AbortSignal.any([signal, over])),
      hasAdvanced,
    })
  }

  /** Keeps a recovery from going ahead until `decided` settles: the outcome of a start is being decided. */
  holdRecoveryFor(decided: Promise<unknown>): void {
    const settled = decided.then(
      () => {},
      () => {},
    )
    this.#starts.add(settled)
    void settled.then(() => this.#starts.delete(settled))
  }

  /** Resolves to a connection that carries calls. @throws GatewayError `sessionLost` when there will be none */
  async usable({ signal, waits = true }: CallOptions = {}): Promise<Generation> {
    for (;;) {
      const state = this.#state
      if ('error' in state) throw state.error
      if (state.name === 'connected' && !state.generation.isOver) return state.generation
      if (!waits) throw new GatewayError('recovering', 'exec-server environment is recovering')
      await orAborted(this.#changed.promise, signal)
    }
  }

  /** Takes nothing in until it is disposed, for a reader that must not lose anything and cannot keep up. */
  holdInput(): Disposable {
    this.#holds += 1
    if (this.#holds === 1) this.#latest.pause()
    return new Guard(() => {
      this.#holds -= 1
      if (this.#holds === 0) this.#latest.resume()
    })
  }

  /** Ends the connection for good; the session lives on at the server for a while. A second caller waits for the first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose()
    return this.#disposal
  }

  async #dispose(): Promise<void> {
    const state = this.#state
    const error = sessionLost('the client was closed')
    this.#fail(error, 'closed')
    if (state.name === 'recovering') state.abort.abort(error)
    await this.#latest.close()
  }

  async #send(
    method: string,
    params: unknown,
    trace: Parameters<Generation['call']>[0]['trace'],
    options: CallOptions,
  ): Promise<unknown> {
    const { signal, repeats = false } = options
    const lane = cleanupMethods.has(method) ? 'cleanup' : 'regular'
    const attempt = async () => {
      const generation = await this.usable(options)
      return await generation.call({ method, params, lane, trace, signal })
    }
    return repeats ? this.repeated(attempt, signal) : attempt()
  }

  /** A connection is over. Only the one in use matters: earlier ones and candidates change nothing. */
  #lost(generation: Generation, message: string): void {
    if (this.#state.name !== 'connected' || this.#state.generation !== generation) return
    // None of them is of a request that waits for a connection: those wait only while there is none to lose.
    this.bodies.failAll(new GatewayError('disconnected', message))
    if (!this.#options.canReconnect) return this.#fail(sessionLost(message))
    const abort = new AbortController()
    setMaxListeners(0, abort.signal)
    this.#become({ name: 'recovering', abort })
    void this.#recover(message, abort.signal)
  }

  async #recover(lost: string, signal: AbortSignal): Promise<void> {
    const { dial, limits, timers } = this.#options
    try {
      const generation = await recover({
        dial,
        handshake: {
          ...handshakeOf(this.#options),
          resumeSessionId: this.sessionId,
          expectedSessionId: this.sessionId,
        },
        limits,
        // One that ends as soon as it is there is an attempt that failed.
        isFurtherAttempt: performance.now() - this.#resumedAt < limits.retryMs,
        timers,
        routes: this.routes,
        startsDecided: Promise.all(this.#starts),
        events: candidate => this.#eventsOf(candidate),
        signal,
      })
      if (this.#state.name !== 'recovering') return void generation.close()
      this.#latest = generation
      this.#resumedAt = performance.now()
      if (this.#holds > 0) generation.pause()
      this.#become({ name: 'connected', generation })
      if (generation.isOver) this.#lost(generation, disconnected().message)
      else this.watches.connectionReplaced()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#fail(sessionLost(`${lost}; failed to resume exec-server session: ${why}`, error))
    }
  }

  #eventsOf(candidate: () => Generation | undefined): GenerationEvents {
    const inbox: Inbox = { processes: this.routes, bodies: this.bodies, watches: this.watches }
    return {
      notified: (method, params) => deliver(inbox, method, params),
      ended: message => {
        const generation = candidate()
        if (generation !== undefined) this.#lost(generation, message)
      },
    }
  }

  #fail(error: GatewayError, name: 'failed' | 'closed' = 'failed'): void {
    if ('error' in this.#state) return
    this.#become({ name, error })
    this.#over.abort(error)
    this.routes.failAll(error)
    this.bodies.failAll(error)
    this.watches.failAll(error)
  }

  /** The one place where the state changes: whoever waits is told. */
  #become(state: State): void {
    this.#state = state
    const changed = this.#changed
    this.#changed = Promise.withResolvers<void>()
    changed.resolve()
    // Whatever the listener does, it cannot come between two transitions.
    queueMicrotask(() => this.#options.stateChanged?.(state.name))
  }
}

/** @throws Error when the parameters cannot be decoded */
function deliver({ processes, bodies, watches }: Inbox, method: string, params: unknown): void {
  if (method === bodyDeltaMethod) bodies.notified(params)
  else if (method === treeChangedMethod) watches.notified(params)
  else processes.notified(method, params)
}

function handshakeOf({ clientName, handshakeTimeoutMs, resumeSessionId }: LinkOptions): HandshakeOptions {
  return { clientName, timeoutMs: handshakeTimeoutMs, resumeSessionId }
}
