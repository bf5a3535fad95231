import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { GatewayError } from '../protocol/gateway-error.ts'
import { shownId } from '../protocol/text-excerpt.ts'
import type { ProcessHost } from '../processes/process-host.ts'
import { type EndCause, Session, type SessionOwner } from './session.ts'
import type { SessionMetrics } from './session-metrics.ts'

export interface SessionLimits {
  readonly detachedSessionMs: number
  readonly graceMs: number
  readonly maxSessions: number
}

/** Every session of a gateway, by the id that is its only credential. */
export class SessionRegistry implements AsyncDisposable {
  readonly #host: ProcessHost
  readonly #limits: SessionLimits
  readonly #log: Logger
  readonly #metrics: SessionMetrics
  readonly #sessions = new Map<string, Session>()
  /** Sessions that are ending: no longer to be found, but their processes may still be. */
  readonly #ending = new Set<Session>()
  #isClosed = false
  #lastNumber = 0

  constructor(options: { host: ProcessHost; limits: SessionLimits; log: Logger; metrics: SessionMetrics }) {
    this.#host = options.host
    this.#limits = options.limits
    this.#log = options.log
    this.#metrics = options.metrics
  }

  /** @throws GatewayError when there are too many sessions, or the gateway is shutting down */
  create(owner: SessionOwner): Session {
    if (this.#isClosed) throw new GatewayError('invalidRequest', 'this gateway is shutting down')
    const { maxSessions, detachedSessionMs, graceMs } = this.#limits
    if (this.#sessions.size >= maxSessions) {
      throw GatewayError.limit(
        'maxSessions',
        maxSessions,
        `this gateway already keeps ${maxSessions} sessions, its limit; try again when some have ended`,
      )
    }
    const id = randomUUID()
    const session: Session = Session.open({
      id,
      number: ++this.#lastNumber,
      owner,
      host: this.#host,
      ledger: this.#host.ledger,
      timers: this.#host.timers,
      detachedMs: detachedSessionMs,
      graceMs,
      ended: cause => {
        this.#sessions.delete(id)
        this.#ending.add(session)
        this.#metrics.ended(cause, performance.now() - session.openedAt)
        this.#log.info({ sessionId: id, cause }, 'session ended')
      },
      gone: () => {
        this.#ending.delete(session)
      },
    })
    this.#sessions.set(id, session)
    // Pages for operators know the session by its number alone.
    this.#log.info({ sessionId: id, session: session.number }, 'session created')
    return session
  }

  /**
   * Takes a detached session up again. An attached one is never stolen: its connection is probed, so that a dead one
   * lets go before the client asks again.
   * @throws GatewayError `sessionAttached` or, for unknown and expired ids alike, `invalidRequest`
   */
  resume(id: string, owner: SessionOwner): Session {
    const session = this.#sessions.get(id)
    if (session?.owner !== undefined) {
      this.#metrics.resumed('attached')
      session.owner.probe()
      throw new GatewayError('sessionAttached', `session ${id} is already attached to another connection`)
    }
    if (session === undefined || !session.isResumable) {
      this.#metrics.resumed('unknown')
      if (session !== undefined) this.end(session, this.#limits.graceMs, 'expired')
      throw new GatewayError('invalidRequest', `unknown session id ${shownId(id)}`)
    }
    session.attach(owner)
    this.#metrics.resumed('success')
    this.#log.info({ sessionId: id }, 'session resumed')
    return session
  }

  /** Ends a session in the background; disposing the registry waits for it. */
  end(session: Session, graceMs: number, cause: EndCause): void {
    void session.end(graceMs, cause)
  }

  /** Ends all sessions at the same time and waits for those already ending. No new one is created from now on. */
  async endAll(graceMs: number, cause: EndCause = 'draining'): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled([...this].map(session => session.end(graceMs, cause)))
  }

  /** Those that are ending included: their processes may still be there. */
  *[Symbol.iterator](): Iterator<Session> {
    yield* this.#sessions.values()
    yield* this.#ending
  }

  /** SIGKILL for every process, without waiting for anything. */
  killAll(): void {
    for (const session of this) session.processes.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endAll(this.#limits.graceMs)
  }
}
