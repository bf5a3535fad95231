import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Timers } from '../lifecycle/timers.ts'
import type { BufferPools } from '../lifecycle/buffer-pools.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { leastLongBytes } from '../protocol/long-base64.ts'
import type { OutgoingMessage } from '../protocol/outgoing-message.ts'
import { takeTextFrames, textFrame } from './text-frame.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** How long the closing handshake may take. */
const closeMs = 1000
/** The code of a connection that ended without a Close frame. RFC 6455 section 7.1.5 */
const abnormalClosure = 1006
/** Pongs that wait for the peer to read. Of the pings that come then the last is answered, RFC 6455 section 5.5.3. */
const maxQueuedPongs = 60
/** What `ws` says to frames against the rules, by the error that tells of them; to others it says 1002. */
const refusals: ReadonlyMap<string, number> = new Map([
  ['WS_ERR_INVALID_UTF8', closeCodes.invalidText],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', closeCodes.policyViolation],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', closeCodes.messageTooBig],
])

/** One WebSocket. Each message is one frame of text; pings carry marks, and the pongs that answer them confirm. */
export class WebSocketTransport implements Transport {
  readonly kind = 'websocket'
  readonly malformedPrefix: string
  readonly #websocket: WebSocket
  readonly #socket: Socket
  readonly #timers: Timers
  readonly #frames: BufferPools
  readonly #maxMessageBytes: number
  #queuedPongs = 0
  /** What the last ping said that came when enough pongs were queued. */
  #unanswered: Buffer | undefined

  constructor(options: {
    websocket: WebSocket
    socket: Socket
    timers: Timers
    frames: BufferPools
    maxMessageBytes: number
  }) {
    this.#websocket = options.websocket
    this.#socket = options.socket
    this.#timers = options.timers
    this.#frames = options.frames
    this.#maxMessageBytes = options.maxMessageBytes
    const { remoteAddress, remoteFamily, remotePort } = options.socket
    const host = remoteFamily === 'IPv6' ? `[${remoteAddress}]` : remoteAddress
    this.malformedPrefix = `failed to parse websocket JSON-RPC message from exec-server websocket ${host}:${remotePort}: `
    options.socket.setNoDelay(true)
  }

  get queuedBytes(): number {
    return this.#websocket.bufferedAmount
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten
  }

  get takenBytes(): number {
    const { bytesWritten, writeQueueSize } = handleOf(this.#socket)
    return bytesWritten - writeQueueSize
  }

  /** To be called once, before any message can arrive. */
  start(events: TransportEvents): void {
    const websocket = this.#websocket
    let isOver = false
    const over = (isOrderly: boolean) => {
      if (isOver) return
      isOver = true
      events.disconnected(isOrderly)
    }
    websocket.on('message', (data: Buffer, isBinary: boolean) => {
      // That of text has been checked.
      if (isBinary && !isUtf8(data)) return events.undecodable('the message is not valid UTF-8')
      events.received(data.length > leastLongBytes ? data : data.toString())
    })
    websocket.on('ping', this.#pinged)
    websocket.on('pong', (data: Buffer) => {
      events.confirmed(Number(data.toString('latin1')))
    })
    websocket.on('close', code => {
      over(code !== abnormalClosure)
    })
    // Only frames come to this; the close that follows an error of the network says all there is to say.
    websocket.on('error', ({ code: rule = '' }: NodeJS.ErrnoException) => {
      const code = refusals.get(rule) ?? closeCodes.protocolError
      if (code === closeCodes.messageTooBig) events.overlong()
      events.close(code, 'a frame is against the rules', 'protocol_error')
    })
    this.#socket.on('drain', () => {
      events.drained()
    })
    this.#read(events.received.bind(events), () => {
      over(true)
    })
  }

  /** Whatever is sent in one turn of the event loop goes to the operating system together. */
  send(message: OutgoingMessage): void {
    // Without an extension a message is one frame, so that nothing of `ws` has to know about it.
    if (this.#websocket.readyState !== this.#websocket.OPEN) return
    // What answers what is read right now is corked already.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      process.nextTick(this.#uncork)
    }
    const frames = this.#frames
    const frame = textFrame(message, frames.take)
    if (frames.isWorthIt(frame.length)) this.#socket.write(frame, () => frames.giveBack(frame))
    else this.#socket.write(frame)
  }

  requestConfirmation(mark: number): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) this.#websocket.ping(String(mark))
  }

  pauseInput(): void {
    this.#websocket.pause()
  }

  resumeInput(): void {
    this.#websocket.resume()
  }

  async close(code: number, reason: string): Promise<void> {
    if (this.#socket.destroyed) return
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    // Not `events.once`: that rejects when an error comes before the close.
    this.#socket.once('close', () => {
      resolve()
    })
    // The reason of a Close frame has at most 123 bytes. RFC 6455 section 5.5.1
    this.#websocket.close(code, reason.slice(0, 120))
    using _deadline = this.#timers.after(closeMs, () => {
      this.#websocket.terminate()
    })
    await gone
  }

  /**
   * Comes before `ws` with what the socket reads. Short messages are taken here: the stream that `ws` reads frames with costs more than
   * decoding and answering a small request. All else is left to it.
   */
  #read(received: (text: string) => void, closed: () => void): void {
    const websocket = this.#websocket
    const socket = this.#socket
    const reader = readerOf(websocket)
    const readFrames = reader.write.bind(reader)
    reader.write = chunk => {
      socket.cork()
      try {
        const taken = isBetweenMessages(reader) ? takeTextFrames(chunk, this.#maxMessageBytes, received) : 0
        return taken === chunk.length || readFrames(taken === 0 ? chunk : chunk.subarray(taken))
      } finally {
        socket.uncork()
        // A Close frame ends the connection the moment it is read, before TCP is torn down: the client may resume at once.
        if (websocket.readyState !== websocket.OPEN && !socket.destroyed) closed()
      }
    }
  }

  readonly #pinged = (data: Buffer): void => {
    if (this.#websocket.readyState !== this.#websocket.OPEN) return
    if (this.#queuedPongs >= maxQueuedPongs) {
      // On its own: what it was received with is larger.
      this.#unanswered = Buffer.from(data)
      return
    }
    this.#queuedPongs += 1
    this.#websocket.pong(data, false, this.#ponged)
  }

  readonly #ponged = (): void => {
    this.#queuedPongs -= 1
    const unanswered = this.#unanswered
    this.#unanswered = undefined
    if (unanswered !== undefined) this.#pinged(unanswered)
  }

  readonly #uncork = (): void => {
    this.#socket.uncork()
  }
}

/** What a socket knows of the write that is under way, which Node.js tells nowhere else: only whether it is over. */
interface SocketHandle {
  /** Of what was given to it. */
  readonly bytesWritten: number
  /** What of that the operating system has not taken. */
  readonly writeQueueSize: number
}

const noHandle: SocketHandle = { bytesWritten: 0, writeQueueSize: 0 }

/** @returns zeros where it is closed */
function handleOf(socket: Socket): SocketHandle {
  return (socket as unknown as { readonly _handle?: SocketHandle | null })._handle ?? noHandle
}

/** The stream that `ws` reads frames with, which it shows nowhere. */
interface FrameReader {
  /** Called with what the socket has read; `false` pauses the socket. */
  write: (chunk: Buffer) => boolean
  /** 0 before a frame. */
  readonly _state: number
  readonly _bufferedBytes: number
  /** The opcode of a message of which a part has come; 0 without one. */
  readonly _fragmented: number
}

function readerOf(websocket: WebSocket): FrameReader {
  return (websocket as unknown as { readonly _receiver: FrameReader })._receiver
}

function isBetweenMessages({ _state, _bufferedBytes, _fragmented }: FrameReader): boolean {
  return _state === 0 && _bufferedBytes === 0 && _fragmented === 0
}
