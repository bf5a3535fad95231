import type { Timers } from '../lifecycle/timers.ts'

export interface LivenessLimits {
  /** Silence after which the peer is pinged. */
  readonly pingAfterMs: number
  /** Silence after which the peer is given up. */
  readonly dropAfterMs: number
  /** Time to answer when the session of the connection is asked for. */
  readonly probeMs: number
}

export interface LivenessOptions {
  readonly limits: LivenessLimits
  readonly timers: Timers
  /** Bytes received so far. Any byte is a sign of life. */
  readonly receivedBytes: () => number
  readonly ping: () => void
  readonly giveUp: (why: string) => void
}

/** Whether the peer of a connection is still there: a silent one is pinged, one that stays silent is given up. */
export class Liveness implements Disposable {
  readonly #options: LivenessOptions
  #heard = { bytes: 0, at: performance.now() }
  #pingedAt = 0
  #probe: Disposable | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  /** To be called now and then, with the time of `performance.now`. */
  check(now: number): void {
    const { limits, receivedBytes, ping, giveUp } = this.#options
    const bytes = receivedBytes()
    if (bytes !== this.#heard.bytes) this.#heard = { bytes, at: now }
    const silentMs = now - this.#heard.at
    if (silentMs >= limits.dropAfterMs) return giveUp(`no byte for ${Math.round(silentMs / 1000)} s`)
    if (silentMs >= limits.pingAfterMs && now - this.#pingedAt >= limits.pingAfterMs) {
      this.#pingedAt = now
      ping()
    }
  }

  /** Somebody else asks for the session: the peer has a moment to show that it is there. */
  probe(): void {
    if (this.#probe !== undefined) return
    const { limits, timers, receivedBytes, ping, giveUp } = this.#options
    const bytes = receivedBytes()
    ping()
    this.#probe = timers.after(limits.probeMs, () => {
      this.#probe = undefined
      if (receivedBytes() === bytes) giveUp('its session was asked for and it did not answer')
    })
  }

  [Symbol.dispose](): void {
    this.#probe?.[Symbol.dispose]()
  }
}
