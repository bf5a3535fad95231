import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Names and values in turn, as they were on the wire. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Tells connections apart. */
  readonly remotePort: number | undefined
}

export type Answer = (request: SeenRequest, ...streams: Parameters<RequestListener>) => void

/** A web server on loopback that remembers what it was asked. */
export class WebServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  readonly sockets = new Set<Socket>()
  readonly #server: Server
  readonly #scheme: string

  private constructor(server: Server, scheme: string) {
    this.#server = server
    this.#scheme = scheme
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('error', () => {})
    })
  }

  static async start(answer: Answer, tls?: ServerOptions): Promise<WebServer> {
    const listener: RequestListener = (incoming, response) => {
      const { remotePort } = incoming.socket
      void bodyOf(incoming).then(body => {
        const { method = '', url = '', rawHeaders } = incoming
        const request = { method, path: url, rawHeaders, body, remotePort }
        server.seen.push(request)
        answer(request, incoming, response)
      })
    }
    const server: WebServer = new WebServer(
      tls === undefined ? createServer(listener) : createTlsServer(tls, listener),
      tls === undefined ? 'http' : 'https',
    )
    // No pause between two requests of a test is long enough for it to close a connection.
    server.#server.keepAliveTimeout = 60_000
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path = '/', host = '127.0.0.1'): string {
    return `${this.#scheme}://${host}:${this.port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}

/** The values of a header as they arrived, whatever the case of its name. */
export function headerOf({ rawHeaders }: SeenRequest, wanted: string): string[] {
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === wanted)
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch {
    // Whoever sent it has gone.
  }
  return Buffer.concat(chunks)
}
