import type { Timers } from '../lifecycle/timers.ts'
import type { Traffic } from './transport.ts'

/** The most that counts as silence between two looks: while the gateway itself is held up or stopped, nobody is pinged or heard. */
const maxBetweenLooksMs = 2000

export interface LivenessLimits {
  /** Silence, of the peer or towards it, after which it is pinged. */
  readonly pingAfterMs: number
  /** Silence after which the peer is given up. */
  readonly dropAfterMs: number
  /** Time to answer when the session of the connection is asked for. */
  readonly probeMs: number
}

export interface LivenessOptions {
  readonly limits: LivenessLimits
  readonly timers: Timers
  readonly traffic: Traffic
  readonly ping: () => void
  readonly giveUp: (why: string) => void
}

/**
 * Whether the peer of a connection is still there: a silent one is pinged, one that stays silent is given up. One that has long been
 * told nothing, as while it sends a long message, is pinged as well: it may watch for signs of life itself.
 */
export class Liveness implements Disposable {
  readonly #options: LivenessOptions
  #seen: Traffic = { receivedBytes: 0, sentBytes: 0, takenBytes: 0 }
  #silentMs = 0
  #toldAt = performance.now()
  #lookedAt = performance.now()
  #pingedAt = 0
  #probe: Disposable | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  /** To be called now and then, with the time of `performance.now`. */
  check(now: number): void {
    const { limits, ping, giveUp } = this.#options
    const seen = this.#seen
    const traffic = this.#traffic()
    const passedMs = Math.min(now - this.#lookedAt, maxBetweenLooksMs)
    this.#silentMs = showsLife(seen, traffic) ? 0 : this.#silentMs + passedMs
    if (traffic.sentBytes !== seen.sentBytes) this.#toldAt = now
    this.#seen = traffic
    this.#lookedAt = now
    const silentMs = this.#silentMs
    if (silentMs >= limits.dropAfterMs) return giveUp(`no byte for ${Math.round(silentMs / 1000)} s`)
    const isDue = silentMs >= limits.pingAfterMs || now - this.#toldAt >= limits.pingAfterMs
    if (isDue && now - this.#pingedAt >= limits.pingAfterMs) {
      this.#pingedAt = now
      ping()
    }
  }

  /** Somebody else asks for the session: the peer has a moment to show that it is there. */
  probe(): void {
    if (this.#probe !== undefined) return
    const { limits, timers, ping, giveUp } = this.#options
    const seen = this.#traffic()
    ping()
    this.#probe = timers.after(limits.probeMs, () => {
      // What has arrived is read first: timers that are late run before that.
      const look = setImmediate(() => {
        this.#probe = undefined
        if (!showsLife(seen, this.#traffic())) giveUp('its session was asked for and it did not answer')
      })
      this.#probe = { [Symbol.dispose]: () => clearImmediate(look) }
    })
  }

  [Symbol.dispose](): void {
    this.#probe?.[Symbol.dispose]()
  }

  #traffic(): Traffic {
    const { receivedBytes, sentBytes, takenBytes } = this.#options.traffic
    return { receivedBytes, sentBytes, takenBytes }
  }
}

/**
 * Any byte is a sign of life, and so is room for what had to wait: somebody reads. Whoever reads a long message slowly says nothing, and
 * answers no ping, before its end.
 */
function showsLife(before: Traffic, now: Traffic): boolean {
  const hadToWait = before.takenBytes < before.sentBytes
  return now.receivedBytes !== before.receivedBytes || (hadToWait && now.takenBytes > before.takenBytes)
}
