import type { ConnectionMetrics } from './connection-metrics.ts'
import type { Transport } from './transport.ts'

/** With more than this queued for a peer, nothing more is taken from it until it has read. */
export const maxQueuedBytes = 4 * 1024 * 1024

/** A message as it came. */
export interface Arrival {
  readonly message: string | Buffer
  /** As `performance.now` tells. */
  readonly receivedAt: number
}

export interface ConnectionInputOptions {
  readonly transport: Transport
  readonly metrics: ConnectionMetrics
  readonly take: (arrival: Arrival) => void
  /** Nothing more will come, and everything that has come is taken. */
  readonly consumed: () => void
}

/** What arrives on a connection, in its order: taken at once, or left unread while the peer does not read what it is sent. */
export class ConnectionInput {
  readonly #options: ConnectionInputOptions
  #isPaused = false
  /** What the transport had read when it was paused. */
  #unread: Arrival[] = []
  #hasEnded = false

  constructor(options: ConnectionInputOptions) {
    this.#options = options
  }

  received(message: string | Buffer): void {
    const arrival = { message, receivedAt: performance.now() }
    if (this.#isPaused) this.#unread.push(arrival)
    else this.#options.take(arrival)
  }

  ended(): void {
    this.#hasEnded = true
    if (!this.#isPaused) this.#options.consumed()
  }

  /** To be called when something has been sent. */
  pauseIfFull(): void {
    const { transport, metrics } = this.#options
    if (this.#isPaused || transport.queuedBytes < maxQueuedBytes) return
    this.#isPaused = true
    transport.pauseInput()
    metrics.inputPaused()
  }

  /** Goes on, once the peer has read, with what is unread: until that pauses it again. */
  resumeIfDrained(): void {
    const { transport, metrics, take, consumed } = this.#options
    if (!this.#isPaused || transport.queuedBytes >= maxQueuedBytes) return
    this.#isPaused = false
    metrics.inputResumed()
    const unread = this.#unread
    this.#unread = []
    for (const [index, arrival] of unread.entries()) {
      if (this.#isPaused) {
        this.#unread = unread.slice(index)
        return
      }
      take(arrival)
    }
    if (this.#isPaused) return
    if (this.#hasEnded) consumed()
    else transport.resumeInput()
  }
}
