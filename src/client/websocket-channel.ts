import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Timers } from '../lifecycle/timers.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxMessageBytes } from '../protocol/limits.ts'
import { shownUrl } from '../protocol/shown-url.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { withDeadline } from './deadline.ts'
import { durationText } from './durations.ts'

/** How long the closing handshake may take. */
const closeMs = 1000
/** A silent peer is pinged after each of these parts of the time but the last. */
const silentParts = 3

export interface WebSocketOptions {
  /** `ws:` or `wss:`. */
  readonly url: string
  /** Sent with the upgrade. Never contains `Origin`, which servers refuse. */
  readonly headers: Readonly<Record<string, string>>
  /** For name resolution, TCP, TLS and the upgrade together. */
  readonly connectTimeoutMs: number
  /** A connection without a byte for this long is given up, so that a half-open one does not hang every call. */
  readonly silenceMs: number
}

/** One WebSocket: each message is one frame of text. */
export class WebSocketChannel implements Channel {
  readonly #websocket: WebSocket
  /** Bytes received so far. Any byte is a sign of life: a long message takes its time. */
  readonly #receivedBytes: () => number
  readonly #timers: Timers
  readonly #silenceMs: number

  private constructor(websocket: WebSocket, receivedBytes: () => number, timers: Timers, silenceMs: number) {
    this.#websocket = websocket
    this.#receivedBytes = receivedBytes
    this.#timers = timers
    this.#silenceMs = silenceMs
  }

  static async open(options: WebSocketOptions, timers: Timers, signal: AbortSignal): Promise<WebSocketChannel> {
    signal.throwIfAborted()
    const websocket = dial(options)
    // Whoever opens it is told by the promise; later errors are followed by a close that says all there is to say.
    websocket.on('error', () => {})
    // Nothing is taken from it before `start`.
    websocket.on('open', () => websocket.pause())
    let receivedBytes = () => 0
    websocket.on('upgrade', ({ socket }) => {
      receivedBytes = () => socket.bytesRead
    })
    using deadline = withDeadline(timers, signal, options.connectTimeoutMs, () => timedOut(options))
    try {
      await once(websocket, 'open', { signal: deadline.signal })
    } catch (error) {
      websocket.terminate()
      deadline.signal.throwIfAborted()
      throw failed(options, error)
    }
    return new WebSocketChannel(websocket, receivedBytes, timers, options.silenceMs)
  }

  start(events: ChannelEvents): void {
    const websocket = this.#websocket
    const liveness = this.#watch()
    websocket.on('message', (data: Buffer) => events.received(data.toString()))
    websocket.on('close', (_code, reason: Buffer) => {
      liveness[Symbol.dispose]()
      events.ended(reason.length === 0 ? undefined : reason.toString())
    })
    websocket.resume()
  }

  send(text: string): void {
    if (this.#websocket.readyState === WebSocket.OPEN) this.#websocket.send(text)
  }

  pause(): void {
    this.#websocket.pause()
  }

  resume(): void {
    this.#websocket.resume()
  }

  async close(): Promise<void> {
    const websocket = this.#websocket
    if (websocket.readyState === WebSocket.CLOSED) return
    const closed = Promise.withResolvers<void>()
    // An error, as of a frame against the rules, is followed by a close as well.
    websocket.once('close', () => closed.resolve())
    // The peer's goodbye has to be read.
    websocket.resume()
    websocket.close(closeCodes.normal)
    using _deadline = this.#timers.after(closeMs, () => websocket.terminate())
    await closed.promise
  }

  /** Pings a silent peer, and gives it up when it stays silent. Every WebSocket has to answer pings, RFC 6455 section 5.5.2. */
  #watch(): Disposable {
    const websocket = this.#websocket
    let silentTurns = 0
    let heardBytes = this.#receivedBytes()
    return this.#timers.every(this.#silenceMs / silentParts, () => {
      const bytes = this.#receivedBytes()
      // Nothing is heard while nothing is taken in; what has been heard may have been at the beginning of this turn.
      silentTurns = websocket.isPaused ? 0 : bytes === heardBytes ? silentTurns + 1 : 1
      heardBytes = bytes
      if (silentTurns >= silentParts) websocket.terminate()
      else if (websocket.readyState === WebSocket.OPEN) websocket.ping()
    })
  }
}

function dial(options: WebSocketOptions): WebSocket {
  // What is said of a text that is no URL repeats it, credentials included.
  if (!URL.canParse(options.url)) throw failed(options, new Error('Invalid URL'))
  try {
    return new WebSocket(options.url, {
      headers: { ...options.headers },
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
    })
  } catch (error) {
    throw failed(options, error)
  }
}

function failed({ url }: WebSocketOptions, error: unknown): GatewayError {
  const cause = error instanceof Error ? error.message || error.name : String(error)
  const message = `failed to connect to exec-server websocket \`${shownUrl(url)}\`: ${cause}`
  return new GatewayError('connectFailed', message, { cause: error })
}

function timedOut({ url, connectTimeoutMs }: WebSocketOptions): GatewayError {
  const after = durationText(connectTimeoutMs)
  const message = `timed out connecting to exec-server websocket \`${shownUrl(url)}\` after ${after}`
  return new GatewayError('connectTimedOut', message)
}
