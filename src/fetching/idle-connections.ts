import type { Ledger } from '../lifecycle/ledger.ts'
import type { HttpConnection } from './http-connection.ts'

/** Connections that wait for another request, of all callers and of one for one route; beyond it the oldest is closed. */
export const maxIdleConnections = 64
export const maxIdlePerKey = 6

/** Whose connection it is, and where it leads. */
export interface ConnectionKey {
  /** Aborted when the caller has gone. What one caller logged in to on a connection reaches no other. */
  readonly caller: AbortSignal
  /** The origin, and the proxy before it. */
  readonly route: string
}

interface Held extends ConnectionKey {
  /** Lets go of it without closing it. */
  readonly forget: () => void
  readonly close: () => void
}

/** What of a connection is of interest while it waits. */
export type Waiting = Pick<HttpConnection, 'isOpen' | 'whenClosed' | 'end'>

/** Connections that wait for the next request of the same caller to the same origin, a bounded number for a bounded time. */
export class IdleConnections<Connection extends Waiting> {
  readonly #ledger: Ledger
  /** The one that waits longest first. */
  readonly #waiting = new Map<Connection, Held>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  get size(): number {
    return this.#waiting.size
  }

  /** The one that was used last, and is the least likely to be closed soon. */
  take({ caller, route }: ConnectionKey): Connection | undefined {
    const found = [...this.#waiting].findLast(([, key]) => key.caller === caller && key.route === route)
    found?.[1].forget()
    return found?.[0]
  }

  /** Keeps a connection, or closes it: when it cannot be used again, or nobody is there to use it. */
  put({ caller, route }: ConnectionKey, connection: Connection): void {
    if (caller.aborted || !connection.isOpen) return void connection.end()
    const guard = this.#ledger.take('idle_connection')
    const close = () => {
      forget()
      void connection.end()
    }
    const forget = () => {
      this.#waiting.delete(connection)
      caller.removeEventListener('abort', close)
      connection.whenClosed(undefined)
      guard[Symbol.dispose]()
    }
    this.#waiting.set(connection, { caller, route, forget, close })
    caller.addEventListener('abort', close)
    connection.whenClosed(close)
    this.#closeOldest({ caller, route })
  }

  /** Lets go of all of them; whoever made them closes them. */
  [Symbol.dispose](): void {
    for (const { forget } of this.#waiting.values()) forget()
  }

  #closeOldest({ caller, route }: ConnectionKey): void {
    const all = [...this.#waiting]
    const same = all.filter(([, key]) => key.caller === caller && key.route === route)
    const surplus = same.length > maxIdlePerKey ? same[0] : all.length > maxIdleConnections ? all[0] : undefined
    surplus?.[1].close()
  }
}
