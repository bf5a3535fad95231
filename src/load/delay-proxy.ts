import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import type { Timers } from '../lifecycle/timers.ts'
import { DelayLine } from './delay-line.ts'

interface Pair {
  readonly sockets: readonly [client: net.Socket, server: net.Socket]
  readonly down: DelayLine
}

const schemePorts: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443 }

/**
 * A TCP proxy on loopback that makes a server seem far away: half the round trip in each direction. What is connected through
 * it can also be cut off or held back, as networks and slow readers do.
 */
export class DelayProxy implements AsyncDisposable {
  /** The target as it is reached through the proxy. */
  readonly url: string
  readonly #server: net.Server
  readonly #pairs = new Set<Pair>()

  private constructor(server: net.Server, target: URL, rttMs: number, timers: Timers) {
    this.#server = server
    const near = new URL(target)
    near.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    this.url = near.href
    const host = target.hostname.replaceAll(/[[\]]/g, '')
    const port = target.port === '' ? (schemePorts[target.protocol] ?? 80) : Number(target.port)
    server.on('connection', client => {
      const upstream = net.connect({ host, port, noDelay: true, allowHalfOpen: true })
      this.#join(client, upstream, rttMs / 2, timers)
    })
  }

  static async open(target: string, rttMs: number, timers: Timers): Promise<DelayProxy> {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new DelayProxy(server, new URL(target), rttMs, timers)
  }

  /** Breaks all connections at once, without a word of the protocol that is spoken on them. */
  cut(): void {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy()
  }

  /** Lets nothing through to the clients, as if they did not read. */
  holdBack(): void {
    for (const { down } of this.#pairs) down.holdBack()
  }

  letThrough(): void {
    for (const { down } of this.#pairs) down.letThrough()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    const isClosed = once(this.#server, 'close')
    this.#server.close()
    await isClosed
  }

  #join(client: net.Socket, server: net.Socket, oneWayMs: number, timers: Timers): void {
    DelayLine.join(client, server, oneWayMs, timers)
    const down = DelayLine.join(server, client, oneWayMs, timers)
    const pair: Pair = { sockets: [client, server], down }
    this.#pairs.add(pair)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      // A close follows and says all there is to say.
      socket.on('error', () => {})
      socket.on('close', () => {
        // An end is on its way to the other side; a breakdown is not.
        if (!socket.readableEnded) other.destroy()
        if (other.destroyed) this.#pairs.delete(pair)
      })
    }
  }
}
