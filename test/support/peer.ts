import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { Conversation } from './conversation.ts'

/** The other side of a WebSocket, driven step by step. Every received message is kept in order. */
export class Peer extends Conversation implements AsyncDisposable {
  readonly socket: WebSocket
  /** Code and reason of the end. */
  readonly closed: Promise<{ code: number; reason: string }>

  private constructor(socket: WebSocket) {
    super()
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.take(data.toString())
    })
    socket.on('error', () => {})
    this.closed = new Promise(resolve => {
      socket.once('close', (code, reason) => {
        this.failWaiting(new Error(`the connection ended: ${code} ${String(reason)}`))
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  /** Rejects when the upgrade is refused. */
  static async open(url: string, options: ClientOptions = {}): Promise<Peer> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    const peer = new Peer(socket)
    await once(socket, 'open')
    return peer
  }

  /** Breaks the TCP connection without a word. */
  async cut(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    this.socket.terminate()
    await this.closed
  }

  protected override sendText(text: string): void {
    this.socket.send(text)
  }
}
