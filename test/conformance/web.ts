import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Answers by path: the very text that is sent, after which the connection ends; `null` for none at all. */
export type WebAnswers = Readonly<Record<string, string | null>>

/** The web that requests of a transcript go to: a server on loopback that says what the transcript tells it. */
export class Web implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(answers: WebAnswers) {
    this.#server = createServer(({ url = '', socket }) => {
      const answer = answers[url]
      if (answer === undefined) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
      else if (answer !== null) socket.end(answer)
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(answers: WebAnswers): Promise<Web> {
    const web = new Web(answers)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

/** The text of a response, its length and the end of the connection included. */
export function answer(status: string, headers: readonly string[], body: string): string {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
