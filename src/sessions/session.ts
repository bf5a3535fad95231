import type { Guard, Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import type { Delivery } from '../processes/delivery.ts'
import type { ProcessHost } from '../processes/process-host.ts'
import { ProcessTable } from '../processes/process-table.ts'
import type { AttributeValue } from '../telemetry/catalogue.ts'

/** A connection as its session sees it. */
export interface SessionOwner {
  readonly delivery: Delivery
  /** Somebody else asks for the session: find out whether the peer is still there, and leave if it is not. */
  probe(): void
}

/** What ended a session: its client stayed away, its input ended, or the gateway shuts down. */
export type EndCause = AttributeValue<'sessionsEnded', 'cause'>

type State =
  | { readonly name: 'attached'; readonly owner: SessionOwner }
  | { readonly name: 'detached'; readonly expiresAt: number; readonly expiry: Disposable }
  /** Its processes may take a moment, which whoever owned it may watch. */
  | { readonly name: 'ended'; readonly owner: SessionOwner | undefined; readonly ending: Promise<void> }

export interface SessionOptions {
  readonly id: string
  /** Tells sessions of one gateway apart where the id, which is a secret, must not be seen. */
  readonly number: number
  readonly owner: SessionOwner
  readonly host: ProcessHost
  readonly ledger: Ledger
  readonly timers: Timers
  /** How long the session waits for its client to come back. */
  readonly detachedMs: number
  readonly graceMs: number
  /** Called once, when the session is over. */
  readonly ended: (cause: EndCause) => void
  /** Called once, when its processes are gone too. */
  readonly gone: () => void
}

/** A client's processes, which outlive its connections. Either a connection owns it or its time is running out. */
export class Session implements AsyncDisposable {
  readonly id: string
  readonly number: number
  readonly openedAt = performance.now()
  readonly processes: ProcessTable
  readonly #options: SessionOptions
  readonly #held: Guard
  #state: State

  private constructor(options: SessionOptions) {
    this.id = options.id
    this.number = options.number
    this.#options = options
    this.#held = options.ledger.take('session')
    this.processes = new ProcessTable(options.host)
    this.processes.attach(options.owner.delivery)
    this.#state = { name: 'attached', owner: options.owner }
  }

  static open(options: SessionOptions): Session {
    return new Session(options)
  }

  /** The connection that owns the session now, or owned it when it ended. */
  get owner(): SessionOwner | undefined {
    return this.#state.name === 'detached' ? undefined : this.#state.owner
  }

  get state(): AttributeValue<'sessions', 'state'> {
    return this.#state.name === 'ended' ? 'ending' : this.#state.name
  }

  /** For how long nobody has been attached; 0 while somebody is. */
  get detachedMs(): number {
    if (this.#state.name !== 'detached') return 0
    return performance.now() - this.#state.expiresAt + this.#options.detachedMs
  }

  /** Whether a client may still take the session up. The deadline counts even if its timer has not run yet. */
  get isResumable(): boolean {
    return this.#state.name === 'detached' && performance.now() < this.#state.expiresAt
  }

  /** To be called on a resumable session only. */
  attach(owner: SessionOwner): void {
    if (this.#state.name !== 'detached') throw new Error(`cannot attach to a session that is ${this.#state.name}`)
    this.#state.expiry[Symbol.dispose]()
    this.#state = { name: 'attached', owner }
    this.processes.attach(owner.delivery)
  }

  /** The owner's connection is over. Does nothing when the session has another owner by now. */
  detach(owner: SessionOwner): void {
    if (this.#state.name !== 'attached' || this.#state.owner !== owner) return
    const { detachedMs, timers } = this.#options
    this.processes.detach()
    this.#state = {
      name: 'detached',
      expiresAt: performance.now() + detachedMs,
      expiry: timers.after(detachedMs, () => {
        void this.end(this.#options.graceMs, 'expired')
      }),
    }
  }

  /** Ends all processes and the session with them. A second caller waits for the first. */
  end(graceMs: number, cause: EndCause): Promise<void> {
    if (this.#state.name === 'ended') return this.#state.ending
    if (this.#state.name === 'detached') this.#state.expiry[Symbol.dispose]()
    const { owner } = this
    const ending = this.#end(graceMs, cause)
    this.#state = { name: 'ended', owner, ending }
    return ending
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end(this.#options.graceMs, 'draining')
  }

  async #end(graceMs: number, cause: EndCause): Promise<void> {
    this.#options.ended(cause)
    await this.processes.end(graceMs)
    this.#held[Symbol.dispose]()
    this.#options.gone()
  }
}
