import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

/**
 * A proxy on loopback that knows where a message begins and ends: it can break a connection between two of them. Pings and
 * pongs pass through, as the peers go by them.
 */
export class MessageProxy implements AsyncDisposable {
  readonly url: string
  /** Messages that have passed, in both directions, on all connections. */
  passed = 0
  /** Breaks the connection in the place of this message, the first being 0. */
  cutsAt = Infinity
  readonly #server: WebSocketServer
  readonly #sockets = new Set<WebSocket>()

  private constructor(server: WebSocketServer, target: string) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', client => {
      const upstream = new WebSocket(target, { autoPong: false, perMessageDeflate: false })
      this.#pass(client, upstream)
      this.#pass(upstream, client)
    })
  }

  static async open(target: string): Promise<MessageProxy> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false, perMessageDeflate: false })
    await once(server, 'listening')
    return new MessageProxy(server, target)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.terminate()
    const isClosed = once(this.#server, 'close')
    this.#server.close()
    await isClosed
  }

  #pass(from: WebSocket, to: WebSocket): void {
    this.#sockets.add(from)
    const opened = to.readyState === WebSocket.CONNECTING ? once(to, 'open') : undefined
    const send = (action: () => void) => {
      if (to.readyState === WebSocket.OPEN) action()
      else void opened?.then(action, () => {})
    }
    from.on('message', (data: Buffer) => {
      if (this.passed === this.cutsAt) {
        this.cutsAt = Infinity
        from.terminate()
        to.terminate()
        return
      }
      this.passed += 1
      send(() => to.send(data.toString()))
    })
    from.on('ping', data => send(() => to.ping(data)))
    from.on('pong', data => send(() => to.pong(data)))
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.terminate()
    })
  }
}
