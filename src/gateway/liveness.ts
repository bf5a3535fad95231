import type { Timers } from '../lifecycle/timers.ts'

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
  /** Bytes received so far. Any byte is a sign of life. */
  readonly receivedBytes: () => number
  /** Bytes sent so far, or about to be. */
  readonly sentBytes: () => number
  readonly ping: () => void
  readonly giveUp: (why: string) => void
}

/**
 * Whether the peer of a connection is still there: a silent one is pinged, one that stays silent is given up. One that has long been
 * told nothing, as while it sends a long message, is pinged as well: it may watch for signs of life itself.
 */
export class Liveness implements Disposable {
  readonly #options: LivenessOptions
  #heardBytes = 0
  #silentMs = 0
  #lookedAt = performance.now()
  #told = { bytes: 0, at: performance.now() }
  #pingedAt = 0
  #probe: Disposable | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  /** To be called now and then, with the time of `performance.now`. */
  check(now: number): void {
    const { limits, receivedBytes, sentBytes, ping, giveUp } = this.#options
    const bytes = receivedBytes()
    this.#silentMs = bytes === this.#heardBytes ? this.#silentMs + Math.min(now - this.#lookedAt, maxBetweenLooksMs) : 0
    this.#heardBytes = bytes
    this.#lookedAt = now
    const toldBytes = sentBytes()
    if (toldBytes !== this.#told.bytes) this.#told = { bytes: toldBytes, at: now }
    const silentMs = this.#silentMs
    if (silentMs >= limits.dropAfterMs) return giveUp(`no byte for ${Math.round(silentMs / 1000)} s`)
    const isDue = silentMs >= limits.pingAfterMs || now - this.#told.at >= limits.pingAfterMs
    if (isDue && now - this.#pingedAt >= limits.pingAfterMs) {
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
      // What has arrived is read first: timers that are late run before that.
      const look = setImmediate(() => {
        this.#probe = undefined
        if (receivedBytes() === bytes) giveUp('its session was asked for and it did not answer')
      })
      this.#probe = { [Symbol.dispose]: () => clearImmediate(look) }
    })
  }

  [Symbol.dispose](): void {
    this.#probe?.[Symbol.dispose]()
  }
}
