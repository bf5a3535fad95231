import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { Link } from './tcp-proxy.ts'

/** A TCP proxy on loopback that breaks connections, and can be down for a while: then it refuses new ones. */
export class CuttingProxy implements AsyncDisposable {
  readonly url: string
  readonly #server: net.Server
  readonly #target: URL
  readonly #links: Link[] = []
  #isDown = false
  #refusedCount = 0
  readonly #waiting = new Set<() => void>()

  private constructor(server: net.Server, target: URL) {
    this.#server = server
    this.#target = target
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', client => {
      if (this.#isDown) this.#refuse(client)
      else this.#links.push(new Link(client, net.connect(Number(this.#target.port), this.#target.hostname)))
    })
  }

  static async open(targetUrl: string): Promise<CuttingProxy> {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingProxy(server, new URL(targetUrl))
  }

  get hasLink(): boolean {
    return this.#links.length > 0
  }

  /** The latest connection. */
  get link(): Link {
    const link = this.#links.at(-1)
    if (link === undefined) throw new Error('nobody has connected to the proxy yet')
    return link
  }

  /** Breaks all connections to both sides, without a word of the protocol that is spoken on them. */
  async cut(): Promise<void> {
    await Promise.all(this.#links.splice(0).map(link => link.cut()))
  }

  /** Breaks all connections and refuses new ones until `comeUp`. */
  async goDown(): Promise<void> {
    this.#isDown = true
    this.#refusedCount = 0
    await this.cut()
  }

  comeUp(): void {
    this.#isDown = false
  }

  /** Resolves once this many connections have been refused since the proxy went down. */
  async refused(count: number): Promise<void> {
    while (this.#refusedCount < count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goDown()
    const isClosed = once(this.#server, 'close')
    this.#server.close()
    await isClosed
  }

  #refuse(client: net.Socket): void {
    client.on('error', () => {})
    client.resetAndDestroy()
    this.#refusedCount += 1
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
