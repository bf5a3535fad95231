import { once } from 'node:events'
import { createServer, request as forward, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** An HTTP proxy on loopback: tunnels by CONNECT, forwards the rest. Every name leads to one port of this machine. */
export class WebProxy implements AsyncDisposable {
  /** What it was asked for: `CONNECT host:port` or `GET URL`. */
  readonly asked: string[] = []
  readonly credentials: (string | undefined)[] = []
  /** Answers everything with this status instead of doing it, or not at all. */
  refusesWith: number | 'silence' | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  readonly #scheme: string

  private constructor(target: () => number, tls: ServerOptions | undefined) {
    const listener: RequestListener = (incoming, response) => {
      const { method = '', url = '', headers } = incoming
      this.asked.push(`${method} ${url}`)
      this.credentials.push(headers['proxy-authorization'])
      if (this.refusesWith === 'silence') return
      if (this.refusesWith !== undefined) return void response.writeHead(this.refusesWith).end()
      const path = url.replace(/^http:\/\/[^/]*/, '')
      const onward = forward({ host: '127.0.0.1', port: target(), method, path, headers }, answer => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      })
      incoming.pipe(onward)
    }
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    this.#server.on('connect', (incoming, socket: Socket) => {
      this.asked.push(`CONNECT ${incoming.url}`)
      this.credentials.push(incoming.headers['proxy-authorization'])
      if (this.refusesWith === 'silence') return void socket.resume().once('end', () => socket.destroy())
      if (this.refusesWith !== undefined) return void socket.end(`HTTP/1.1 ${this.refusesWith} Refused\r\n\r\n`)
      const onward = connect(target(), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(onward).pipe(socket)
      })
      for (const end of [socket, onward]) this.#watch(end)
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#watch(socket)
    })
  }

  /** @param target the port that every request ends up at */
  static async start(target: () => number, tls?: ServerOptions): Promise<WebProxy> {
    const proxy = new WebProxy(target, tls)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Connections to it that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  url(credentials = ''): string {
    return `${this.#scheme}://${credentials}127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
  }
}
