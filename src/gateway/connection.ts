import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Logger } from 'pino'
import { FileAccess, type FileSetup } from '../filesystem/file-access.ts'
import { freeMemory } from '../lifecycle/free-memory.ts'
import type { Guard, Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { PollsEnded } from '../processes/output-polls.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { decodeMessage, encodeError, encodeNotification, malformedId, type RequestId } from '../protocol/envelope.ts'
import { errorKinds, GatewayError } from '../protocol/gateway-error.ts'
import { initializedNotification, type MethodFamily } from '../protocol/method-table.ts'
import type { OutgoingMessage } from '../protocol/outgoing-message.ts'
import type { Session, SessionOwner } from '../sessions/session.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { ConnectionSpan } from '../telemetry/tracing.ts'
import { type Arrival, ConnectionInput } from './connection-input.ts'
import type { CloseCause, ConnectionMetrics } from './connection-metrics.ts'
import { Disconnected, type Dispatcher, type RequestSource } from './dispatcher.ts'
import { Liveness, type LivenessLimits } from './liveness.ts'
import { Outbox } from './outbox.ts'
import { RequestsInFlight } from './requests-in-flight.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** How long requests that were accepted may still take once no more input is. */
const finishMs = 500

export interface ConnectionLimits extends LivenessLimits {
  readonly maxRequests: number
  /** Queued output that holds processes back. */
  readonly outputInFlightBytes: number
}

export interface ConnectionOptions {
  readonly transport: Transport
  readonly dispatcher: Dispatcher
  readonly sessions: SessionRegistry
  readonly ledger: Ledger
  readonly timers: Timers
  readonly limits: ConnectionLimits
  readonly log: Logger
  readonly metrics: ConnectionMetrics
  readonly fileSetup: FileSetup
  /** Its tracing may begin when the connection has long been open. */
  readonly telemetry: Pick<Telemetry, 'tracing'>
  /** Called once, when the connection is over and its session detached. */
  readonly ended: (session: Session | undefined) => void
}

type State =
  | { readonly name: 'new' }
  /** `initialize` was answered, `initialized` has not come. */
  | { readonly name: 'greeted'; readonly session: Session }
  | { readonly name: 'ready'; readonly session: Session }
  /** Nothing is taken in any more; what was accepted is still answered. */
  | { readonly name: 'leaving'; readonly session: Session | undefined }
  | { readonly name: 'ended' }

/**
 * One connection, whatever carries it: decodes what arrives, keeps the handshake in order, and hands requests to the
 * dispatcher. It owns its requests; its session outlives it.
 */
export class Connection implements TransportEvents, RequestSource, SessionOwner {
  readonly id = randomUUID()
  readonly #options: ConnectionOptions
  readonly #transport: Transport
  readonly #input: ConnectionInput
  readonly #outbox: Outbox
  readonly #liveness: Liveness
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #patience = new AbortController()
  readonly #held: Guard
  readonly #metrics: ConnectionMetrics
  readonly #openedAt = performance.now()
  #span: ConnectionSpan | undefined
  readonly files: FileAccess
  readonly #requests: RequestsInFlight
  readonly #over = Promise.withResolvers<void>()
  #state: State = { name: 'new' }

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#transport = options.transport
    this.#metrics = options.metrics
    this.#input = new ConnectionInput({
      transport: options.transport,
      metrics: options.metrics,
      take: arrival => {
        this.#take(arrival)
      },
      consumed: () => {
        this.#leave(closeCodes.normal, 'the input has ended', 'input_end')
      },
    })
    this.#outbox = new Outbox(options.transport, options.timers, options.limits.outputInFlightBytes, this.#metrics)
    this.#requests = new RequestsInFlight({
      dispatcher: options.dispatcher,
      source: this,
      ledger: options.ledger,
      maxRequests: options.limits.maxRequests,
      reply: message => {
        this.#send(message)
      },
    })
    this.#log = options.log.child({ connectionId: this.id })
    this.#liveness = new Liveness({
      limits: options.limits,
      timers: options.timers,
      traffic: options.transport,
      ping: () => {
        this.#outbox.requestConfirmation()
      },
      giveUp: why => {
        this.close(closeCodes.policyViolation, why, 'silent')
      },
    })
    this.files = new FileAccess({
      setup: options.fileSetup,
      ledger: options.ledger,
      timers: options.timers,
      untilRoom: () => this.#outbox.untilRoom(),
      hasRoom: () => this.#outbox.hasRoom,
      missingChanged: watchId => {
        this.#send(`{"method":"fs/missingChanged","params":{"watchId":${watchId}}}`, 'notification')
      },
      treeChanged: (watchId, changes) => {
        this.#send(encodeNotification('fs/changed', { watchId, ...changes }), 'notification')
      },
    })
    this.#held = options.ledger.take('connection')
    // Every request may listen to them.
    setMaxListeners(0, this.#abort.signal, this.#patience.signal)
    this.#metrics.opened(options.transport.kind)
    this.#log.info({ transport: options.transport.kind }, 'connection opened')
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get patience(): AbortSignal {
    return this.#patience.signal
  }

  get span(): ConnectionSpan | undefined {
    this.#span ??= this.#options.telemetry.tracing?.startConnection({ id: this.id, transport: this.transport })
    return this.#span
  }

  get sessionId(): string | undefined {
    return this.#session?.id
  }

  get sessionNumber(): number | undefined {
    return this.#session?.number
  }

  /** Bytes that wait to be sent. */
  get queuedBytes(): number {
    return this.#transport.queuedBytes
  }

  get requestCount(): number {
    return this.#requests.count
  }

  get ageMs(): number {
    return performance.now() - this.#openedAt
  }

  get transport(): Transport['kind'] {
    return this.#transport.kind
  }

  get delivery(): Outbox {
    return this.#outbox
  }

  /** Resolves when the connection is over and its transport has let go. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  // From the transport

  received(message: string | Buffer): void {
    this.#input.received(message)
  }

  undecodable(detail: string): void {
    if (!this.#takesMessages) return
    this.#metrics.received('malformed')
    this.#refuse(malformedId, detail)
  }

  overlong(): void {
    if (this.#state.name === 'ended') return
    this.#metrics.messageTooLong()
    this.#log.warn('a message is longer than max-message allows: the connection ends')
  }

  drained(): void {
    this.#input.resumeIfDrained()
    this.#outbox.drained()
  }

  confirmed(mark: number): void {
    this.#outbox.confirmed(mark)
  }

  inputEnded(): void {
    this.#input.ended()
  }

  disconnected(isOrderly = false): void {
    if (this.#state.name === 'ended') return
    void this.#end(isOrderly ? 'client_close' : 'client_gone').then(this.#over.resolve)
  }

  // From the dispatcher

  initialize(resumeSessionId: string | undefined): string {
    if (this.#state.name !== 'new') {
      throw new GatewayError('invalidRequest', 'initialize may only be sent once per connection')
    }
    const { sessions } = this.#options
    const session = resumeSessionId === undefined ? sessions.create(this) : sessions.resume(resumeSessionId, this)
    this.#state = { name: 'greeted', session }
    return session.id
  }

  gate(family: MethodFamily): Session {
    const state = this.#state
    if (state.name !== 'greeted' && state.name !== 'ready') {
      throw new GatewayError('invalidRequest', `client must call initialize before using ${family} methods`)
    }
    if (state.session.owner !== this) {
      throw new GatewayError('invalidRequest', 'session has been resumed by another connection')
    }
    if (state.name === 'greeted') {
      throw new GatewayError('invalidRequest', `client must send initialized before using ${family} methods`)
    }
    return state.session
  }

  // From the gateway and the session

  /** To be called now and then: finds out whether the peer is still there. A pipe tells by itself, and answers no pings. */
  checkLiveness(now: number): void {
    if (this.#transport.kind !== 'stdio') this.#liveness.check(now)
  }

  probe(): void {
    if (this.#state.name !== 'ended') this.#liveness.probe()
  }

  /** Says goodbye. The connection is over at once for its session, and soon for its peer, whatever that does. */
  close(code: number, reason: string, cause: CloseCause): void {
    if (this.#state.name === 'ended') return
    this.#log.info({ code, reason }, 'closing connection')
    const closed = this.#transport.close(code, reason)
    const released = this.#end(cause)
    void Promise.all([closed, released]).then(() => {
      this.#over.resolve()
    })
  }

  get #session(): Session | undefined {
    return 'session' in this.#state ? this.#state.session : undefined
  }

  get #takesMessages(): boolean {
    return this.#state.name !== 'leaving' && this.#state.name !== 'ended'
  }

  #take({ message: received, receivedAt }: Arrival): void {
    if (!this.#takesMessages) return
    const message = decodeMessage(received)
    this.#metrics.receivedText(received.length)
    if (typeof received !== 'string') freeMemory(received)
    this.#metrics.received(message.kind === 'response' || message.kind === 'error' ? 'reply' : message.kind)
    switch (message.kind) {
      case 'request':
        return this.#requests.serve(message, receivedAt)
      case 'notification':
        return this.#notified(message.method)
      case 'malformed':
        return this.#refuse(message.id ?? malformedId, message.detail)
      case 'response':
      case 'error':
        return this.#leave(closeCodes.protocolError, 'an answer arrived for a request that was never sent')
    }
  }

  /** @returns settles when its files are closed */
  #end(cause: CloseCause): Promise<void> {
    const session = this.#session
    this.#state = { name: 'ended' }
    this.#liveness[Symbol.dispose]()
    this.#outbox[Symbol.dispose]()
    // Detached first: what the aborted requests leave behind is no longer this connection's business.
    session?.detach(this)
    const reason = new Disconnected('the connection has ended')
    this.#abort.abort(reason)
    this.#patience.abort(reason)
    const released = this.files[Symbol.asyncDispose]()
    this.#held[Symbol.dispose]()
    this.#metrics.closed(this.#transport.kind, cause, this.ageMs)
    this.#span?.end()
    this.#log.info({ sessionId: session?.id, cause }, 'connection closed')
    this.#options.ended(session)
    return released
  }

  #notified(method: string): void {
    if (method !== initializedNotification) {
      return this.#leave(closeCodes.protocolError, 'unknown notification')
    }
    if (this.#state.name === 'new') return this.#leave(closeCodes.protocolError, 'initialized came before initialize')
    if (this.#state.name !== 'greeted') return
    this.#state = { name: 'ready', session: this.#state.session }
    // The first confirmation tells that this peer gives them, before output depends on it.
    this.#outbox.requestConfirmation()
  }

  #refuse(id: RequestId, detail: string): void {
    const message = this.#transport.malformedPrefix + detail
    this.#send(encodeError(id, { code: errorKinds.invalidRequest.code, message }))
  }

  #send(text: OutgoingMessage, kind: 'reply' | 'notification' = 'reply'): void {
    if (this.#state.name === 'ended') return
    this.#outbox.send(text, kind)
    this.#input.pauseIfFull()
  }

  /** Answers what was accepted, polls with what there is, then says goodbye. */
  #leave(code: number, reason: string, cause: CloseCause = 'protocol_error'): void {
    if (!this.#takesMessages) return
    this.#state = { name: 'leaving', session: this.#session }
    this.#patience.abort(new PollsEnded('no more input is taken'))
    void this.#finish(code, reason, cause)
  }

  async #finish(code: number, reason: string, cause: CloseCause): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    using _deadline = this.#options.timers.after(finishMs, resolve)
    await Promise.race([this.#requests.settled(), promise])
    this.close(code, reason, cause)
  }
}
