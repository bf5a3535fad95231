import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'

/** A message as the client sent it. */
export interface Sent {
  readonly id?: number
  readonly method?: string
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  readonly params?: any
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
  readonly trace?: { readonly traceparent?: string; readonly tracestate?: string }
}

/** Things that arrive one by one, for one taker at a time. */
class Arrivals<Item> {
  readonly #items: Item[] = []
  readonly #waiting = new Set<() => void>()

  add(item: Item): void {
    this.#items.push(item)
    for (const look of this.#waiting) look()
  }

  /** Takes the first that matches, now or later. */
  async take(matches: (item: Item) => boolean): Promise<Item> {
    for (;;) {
      const index = this.#items.findIndex(matches)
      const [item] = index < 0 ? [] : this.#items.splice(index, 1)
      if (item !== undefined) return item
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
      this.#waiting.delete(resolve)
    }
  }
}

/** One connection to the scripted server: says what the test has it say. */
export class ScriptedConnection {
  /** Everything the client has sent, in order. */
  readonly sent: Sent[] = []
  /** Resolves when the connection is over. */
  readonly over: Promise<unknown>
  readonly #socket: WebSocket
  readonly #wire: Duplex
  readonly #untaken = new Arrivals<Sent>()

  constructor(socket: WebSocket, wire: Duplex) {
    this.#socket = socket
    this.#wire = wire
    this.over = once(socket, 'close')
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Sent
      this.sent.push(message)
      this.#untaken.add(message)
    })
    socket.on('error', () => {})
  }

  /** The next message with the method that no step has taken yet. */
  takes(method: string): Promise<Sent> {
    return this.#untaken.take(message => message.method === method)
  }

  /** The answer of the client to a request of the server. */
  takesAnswer(id: number | string): Promise<Sent> {
    return this.#untaken.take(message => message.method === undefined && message.id === id)
  }

  /** The handshake, up to and including `initialized`. Resolves to what the client asked for. */
  async greets(
    sessionId = 'session-1',
    result: Record<string, unknown> = { environmentInfo: environment },
  ): Promise<Sent> {
    const greeting = await this.takes('initialize')
    this.replies(greeting, { sessionId, ...result })
    await this.takes('initialized')
    return greeting
  }

  /** Takes a start and accepts it. */
  async starts(): Promise<string> {
    const start = await this.takes('process/start')
    this.replies(start, { processId: start.params.processId })
    return start.params.processId as string
  }

  replies({ id }: Sent, result: unknown): void {
    this.says({ id, result })
  }

  refuses({ id }: Sent, code: number, message: string, data?: unknown): void {
    this.says({ id, error: { code, message, data } })
  }

  /** Any message, or a text as it stands. */
  says(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Bytes as they stand, below the frames of WebSocket. */
  writes(bytes: Buffer): void {
    this.#wire.write(bytes)
  }

  output(processId: string, seq: number, text = `${seq};`, stream = 'stdout'): void {
    const chunk = Buffer.from(text).toString('base64')
    this.says({ method: 'process/output', params: { processId, seq, stream, chunk } })
  }

  exited(
    processId: string,
    seq: number,
    exitCode: number,
    more: Record<string, unknown> = { sandboxDenied: false },
  ): void {
    this.says({ method: 'process/exited', params: { processId, seq, exitCode, ...more } })
  }

  closed(processId: string, seq: number): void {
    this.says({ method: 'process/closed', params: { processId, seq } })
  }

  /** Breaks TCP, without a word of the protocol. */
  async drops(): Promise<void> {
    this.#socket.terminate()
    await this.over
  }

  /** Reads nothing any more and answers nothing, pings included. */
  freezes(): void {
    this.#socket.pause()
  }

  /** Says goodbye after everything said so far. */
  async closes(): Promise<void> {
    this.#socket.close()
    await this.over
  }

  /** The number of messages with the method. */
  count(method: string): number {
    return this.sent.filter(message => message.method === method).length
  }
}

/** What the scripted server tells of itself. */
export const environment = { shell: { name: 'sh', path: '/bin/sh' }, cwd: 'file:///work', extensions: ['inputEnd'] }

/** What a read of a running process without news answers. */
export const quietPage = {
  chunks: [],
  nextSeq: 1,
  exited: false,
  exitCode: null,
  closed: false,
  failure: null,
  sandboxDenied: false,
}

/** Retained chunks by number, as a read answers them. */
export function chunksOf(...numbers: number[]): { seq: number; stream: string; chunk: string }[] {
  return numbers.map(seq => ({ seq, stream: 'stdout', chunk: Buffer.from(`${seq};`).toString('base64') }))
}

/** A WebSocket server on loopback that does nothing by itself. */
export class ScriptedServer implements AsyncDisposable {
  readonly url: string
  /** Every upgrade that was asked for. */
  readonly upgrades: IncomingMessage[] = []
  /** Answers upgrades with this status instead of accepting them. */
  refusesWith: number | undefined
  readonly #http: Server
  readonly #websockets = new WebSocketServer({ noServer: true })
  readonly #connections = new Arrivals<ScriptedConnection>()
  readonly #upgraded = new Set<() => void>()

  private constructor(http: Server) {
    this.#http = http
    this.url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
    http.on('upgrade', (request, socket: Duplex, head) => {
      this.upgrades.push(request)
      socket.on('error', () => {})
      for (const look of this.#upgraded) look()
      if (this.refusesWith !== undefined) {
        socket.end(`HTTP/1.1 ${this.refusesWith} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      this.#websockets.handleUpgrade(request, socket, head, websocket => {
        this.#connections.add(new ScriptedConnection(websocket, socket))
      })
    })
  }

  static async open(): Promise<ScriptedServer> {
    const http = createServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    return new ScriptedServer(http)
  }

  /** The next connection that no step has taken yet. */
  connection(): Promise<ScriptedConnection> {
    return this.#connections.take(() => true)
  }

  /** Resolves when this many upgrades have been asked for. */
  async upgradesReach(count: number): Promise<void> {
    while (this.upgrades.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#upgraded.add(resolve)
      await promise
      this.#upgraded.delete(resolve)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const websocket of this.#websockets.clients) websocket.terminate()
    this.#http.closeAllConnections()
    if (this.#http.listening) {
      this.#http.close()
      await once(this.#http, 'close')
    }
  }
}
