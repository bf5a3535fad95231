import { fastify, type FastifyInstance } from 'fastify'
import { limitPipelining, requestMs } from './pipelining.ts'
import { type Actions, addActions, addPages, isFromBrowser, type Pages } from './pages.ts'

/** Sockets of scrapers and people. */
const maxSockets = 64

export interface AdminListenerOptions {
  readonly host: string
  readonly port: number
  readonly pages: Pages
  readonly actions: Actions
}

/** The HTTP/1.1 endpoint for operators, on a port of its own: health, metrics, debugging, ending processes. It starts nothing. */
export class AdminListener implements AsyncDisposable {
  /** `http://IP:PORT` */
  readonly url: string
  readonly #app: FastifyInstance

  private constructor(app: FastifyInstance, url: string) {
    this.#app = app
    this.url = url
  }

  /** @throws when the address cannot be bound */
  static async open(options: AdminListenerOptions): Promise<AdminListener> {
    const app = fastify({ forceCloseConnections: true, requestTimeout: requestMs })
    app.server.maxConnections = maxSockets
    limitPipelining(app.server, { takesUpgrades: false, cut: () => {} })
    app.addHook('onRequest', (request, reply, next) => {
      if (isFromBrowser(request)) reply.code(403).send()
      else next()
    })
    app.setNotFoundHandler((_request, reply) => reply.code(404).send())
    addPages(app, options.pages)
    addActions(app, options.actions)
    const url = await app.listen({ host: options.host, port: options.port })
    return new AdminListener(app, url)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close()
  }
}
