import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

/** As the client sees it: what it sends goes up. */
export type Direction = 'up' | 'down'

/** One connection through the proxy: two sockets and what happens to the bytes between them. */
export class Link {
  readonly #client: net.Socket
  readonly #server: net.Socket
  readonly #passedBytes: Record<Direction, number> = { up: 0, down: 0 }
  readonly #remainingBytes: Record<Direction, number> = { up: Infinity, down: Infinity }
  readonly #swallowed = new Set<Direction>()
  #isFrozen = false
  /** Resolves when neither side is connected any more. */
  readonly over: Promise<unknown>

  constructor(client: net.Socket, server: net.Socket) {
    this.#client = client
    this.#server = server
    this.over = Promise.all([closed(client), closed(server)])
    for (const direction of ['up', 'down'] as const) {
      const [from, to] = this.#ends(direction)
      from.setNoDelay(true)
      from.on('data', bytes => {
        this.#pass(direction, bytes)
      })
      from.on('error', () => {})
      from.once('close', () => {
        to.destroySoon()
      })
      to.on('drain', () => {
        if (!this.#isFrozen) from.resume()
      })
    }
  }

  /** Bytes taken from the sender so far, swallowed ones included. */
  passedBytes(direction: Direction): number {
    return this.#passedBytes[direction]
  }

  /** Lets this many more bytes through and then breaks the connection: the rest never arrives. */
  cutAfter(direction: Direction, bytes: number): void {
    this.#remainingBytes[direction] = bytes
    if (bytes === 0) this.#endAfter(direction)
  }

  /** Breaks the connection to both sides, without a word of the protocol that is spoken on it. */
  async cut(): Promise<void> {
    this.#client.destroy()
    this.#server.destroy()
    await this.over
  }

  /** As `cut`, but with an RST instead of a FIN. */
  async reset(): Promise<void> {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
    await this.over
  }

  /** Takes nothing from either side any more, while both stay connected: the peer's machine hangs, or the network. */
  freeze(): void {
    this.#isFrozen = true
    this.#client.pause()
    this.#server.pause()
  }

  thaw(): void {
    this.#isFrozen = false
    this.#client.resume()
    this.#server.resume()
  }

  /** Goes on taking everything from the sender, however much, and lets none of it through. */
  swallow(direction: Direction): void {
    this.#swallowed.add(direction)
    this.#ends(direction)[0].resume()
  }

  #ends(direction: Direction): readonly [from: net.Socket, to: net.Socket] {
    return direction === 'up' ? [this.#client, this.#server] : [this.#server, this.#client]
  }

  #pass(direction: Direction, bytes: Buffer): void {
    const passed = bytes.subarray(0, this.#remainingBytes[direction])
    if (passed.length === 0) return
    this.#passedBytes[direction] += passed.length
    this.#remainingBytes[direction] -= passed.length
    const [from, to] = this.#ends(direction)
    if (!this.#swallowed.has(direction) && !to.write(passed)) from.pause()
    if (this.#remainingBytes[direction] === 0) this.#endAfter(direction)
  }

  /** What was let through still arrives. */
  #endAfter(direction: Direction): void {
    const [from, to] = this.#ends(direction)
    to.destroySoon()
    from.destroy()
  }
}

/** However it came about. */
function closed(socket: net.Socket): Promise<void> {
  return new Promise(resolve => {
    socket.once('close', () => {
      resolve()
    })
  })
}

/** A TCP proxy on loopback in front of a gateway, to do to its connections what networks do. */
export class TcpProxy implements AsyncDisposable {
  readonly url: string
  /** Every connection so far, the oldest first. */
  readonly links: Link[] = []
  readonly #server: net.Server

  private constructor(server: net.Server, target: URL, prepare: (link: Link) => void) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', client => {
      const upstream = net.connect(Number(target.port), target.hostname)
      const link = new Link(client, upstream)
      this.links.push(link)
      prepare(link)
    })
  }

  /** `prepare` gets each link before a byte passes. */
  static async open(targetUrl: string, prepare: (link: Link) => void = () => {}): Promise<TcpProxy> {
    const server = net.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, new URL(targetUrl), prepare)
  }

  /** The latest connection. */
  get link(): Link {
    const link = this.links.at(-1)
    if (link === undefined) throw new Error('nobody has connected to the proxy yet')
    return link
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.links.map(link => link.cut()))
    const isClosed = once(this.#server, 'close')
    this.#server.close()
    await isClosed
  }
}
