import { setTimeout as delay } from 'node:timers/promises'
import { type ScriptedConnection, ScriptedServer } from './scripted-server.ts'

/** A server that answers environment/status at once, but at one moment answers nobody for a while. */
export class StallingServer implements AsyncDisposable {
  readonly #server: ScriptedServer
  readonly #stallMs: number
  readonly #stallsAfter: number
  #answered = 0
  #stall: Promise<void> | undefined

  private constructor(server: ScriptedServer, options: { stallMs: number; stallsAfter: number }) {
    this.#server = server
    this.#stallMs = options.stallMs
    this.#stallsAfter = options.stallsAfter
  }

  /** `stallsAfter` so many answers. */
  static async open(options: { stallMs: number; stallsAfter: number }): Promise<StallingServer> {
    const server = new StallingServer(await ScriptedServer.open(), options)
    void server.#acceptAll()
    return server
  }

  get url(): string {
    return this.#server.url
  }

  async #acceptAll(): Promise<never> {
    for (;;) void this.#serve(await this.#server.connection())
  }

  async #serve(connection: ScriptedConnection): Promise<never> {
    await connection.greets()
    for (;;) {
      const request = await connection.takes('environment/status')
      this.#answered += 1
      if (this.#answered === this.#stallsAfter) this.#stall = delay(this.#stallMs)
      await this.#stall
      connection.replies(request, { status: 'ready' })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]()
  }
}
