import { randomUUID } from 'node:crypto'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { OutputPage, WriteStatus, ProcessSignal, TerminalSize } from '../protocol/process-schemas.ts'
import { EventLog, type EventSubscription, type SubscriptionLimits } from './event-log.ts'
import { EventSequence } from './event-sequence.ts'
import type { ExitedEvent, ProcessEvent } from './process-event.ts'
import type { ProcessCalls } from './process-calls.ts'

type State =
  /** `process/start` has not been answered: nothing can be caught up with yet. */
  | { readonly name: 'starting' }
  | { readonly name: 'followed' }
  | { readonly name: 'closed' }
  | { readonly name: 'failed'; readonly error: GatewayError }

/** Which part of the retained output to read. */
export interface ReadOptions {
  /** Default 0: from the oldest that is retained. */
  readonly afterSeq?: number
  /** Default: no bound. */
  readonly maxBytes?: number
  /** How long to wait for something to report; default 0. A long wait holds up everything else on a stock server. */
  readonly waitMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface WriteOptions {
  /** Whether nothing follows; default false. */
  readonly endsInput?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * One process of the session as it is followed over connections that break: its events in order and once, reads that are
 * repeated, writes that take effect once.
 */
export class RemoteProcess {
  readonly id: string
  readonly #calls: ProcessCalls
  readonly #log = new EventLog()
  readonly #sequence: EventSequence
  readonly #exited = Promise.withResolvers<ExitedEvent>()
  /** Ids of writes are remembered by the server for the process: they must not meet those of another client. */
  readonly #writer = randomUUID()
  #writeCount = 0
  #state: State = { name: 'starting' }

  constructor(id: string, calls: ProcessCalls) {
    this.id = id
    this.#calls = calls
    this.#sequence = new EventSequence(event => this.#published(event))
    // Nobody may be waiting when the process cannot be followed any further.
    this.#exited.promise.catch(() => {})
  }

  get isClosed(): boolean {
    return this.#state.name === 'closed'
  }

  /** Whether a new connection has to catch up with it. */
  get isRecoverable(): boolean {
    return this.#state.name === 'followed'
  }

  /** Why it cannot be followed any further. */
  get failure(): GatewayError | undefined {
    return this.#state.name === 'failed' ? this.#state.error : undefined
  }

  /** Number of the latest event that was published. */
  get lastSeq(): number {
    return this.#sequence.lastSeq
  }

  /** Resolves when the exit is published; rejects when the process cannot be followed until then. */
  get exited(): Promise<ExitedEvent> {
    return this.#exited.promise
  }

  subscribe(limits?: SubscriptionLimits): EventSubscription {
    return this.#log.subscribe(limits)
  }

  /**
   * Reads retained output. Repeated on the next connection when one breaks. A process that cannot be followed any further
   * answers with its failure instead of throwing.
   */
  async read({ afterSeq = 0, maxBytes, waitMs = 0, signal }: ReadOptions = {}): Promise<OutputPage> {
    const params = { processId: this.id, afterSeq, maxBytes: maxBytes ?? null, waitMs }
    try {
      if (this.failure === undefined) return await this.#calls.call('process/read', params, { repeats: true, signal })
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'sessionLost') throw error
      this.fail(error)
    }
    return this.#failedPage()
  }

  /**
   * Writes to standard input, once, however many connections it takes. `endsInput` closes it afterwards, where the server
   * announces that it can.
   */
  async write(bytes: Uint8Array, options: WriteOptions = {}): Promise<WriteStatus> {
    const { endsInput = false, signal } = options
    this.#writeCount += 1
    const writeId = `${this.#writer}-${this.#writeCount}`
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    const params = { processId: this.id, chunk, writeId, ...(endsInput && { endsInput }) }
    const { status } = await this.#calls.call('process/write', params, { repeats: true, signal })
    return status
  }

  /** Not repeated when the connection breaks. */
  async signal(signal: ProcessSignal, abort?: AbortSignal): Promise<void> {
    await this.#calls.call('process/signal', { processId: this.id, signal }, { signal: abort })
  }

  /** Repeated: the last size is the one that counts. */
  async resize(size: TerminalSize, signal?: AbortSignal): Promise<void> {
    await this.#calls.call('process/resize', { processId: this.id, ...size }, { signal, repeats: true })
  }

  /** SIGKILL to its process group. Resolves to whether there was something to end. */
  async terminate(signal?: AbortSignal): Promise<boolean> {
    const { running } = await this.#calls.call('process/terminate', { processId: this.id }, { signal })
    return running
  }

  // From the routes

  /** The start was answered: from now on connections catch up with it. */
  started(): void {
    if (this.#state.name === 'starting') this.#state = { name: 'followed' }
  }

  /** @throws SequenceBroken when it cannot be followed any further */
  notified(event: ProcessEvent): void {
    if (this.#state.name !== 'failed') this.#sequence.take(event)
  }

  /** A new connection delivers events from now on, and what was missed is about to be read. */
  expectCatchUp(): void {
    this.#sequence.expectCatchUp()
  }

  /** @throws SequenceBroken when something is lost */
  caughtUp(page: OutputPage): void {
    if (this.#state.name !== 'failed') this.#sequence.recover(page)
  }

  fail(error: GatewayError): void {
    if (this.#state.name === 'closed' || this.#state.name === 'failed') return
    this.#state = { name: 'failed', error }
    this.#log.publish({ type: 'failed', message: error.message })
    this.#exited.reject(error)
  }

  #published(event: ProcessEvent): void {
    if (event.type === 'exited') this.#exited.resolve(event)
    if (event.type === 'closed') {
      this.#state = { name: 'closed' }
      this.#exited.reject(new GatewayError('processFailed', `process ${this.id} was closed without an exit`))
    }
    this.#log.publish(event)
  }

  #failedPage(): OutputPage {
    return {
      chunks: [],
      nextSeq: this.lastSeq + 2,
      exited: true,
      exitCode: null,
      closed: true,
      failure: this.failure?.message ?? null,
      sandboxDenied: false,
    }
  }
}
