import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import websocketPlugin from '@fastify/websocket'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { RejectReason } from './connection-metrics.ts'
import { frameSizes } from './frame-sizes.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { limitPipelining, requestMs } from './pipelining.ts'
import { type Actions, addActions, addPages, isFromBrowser, type Pages } from './pages.ts'
import { WebSocketTransport } from './websocket-transport.ts'

/** Sockets beyond the connections, for health checks and refusals. */
const spareSockets = 64

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly timers: Timers
  readonly maxConnections: number
  readonly maxMessageBytes: number
  /** Whether the health endpoints beyond `/readyz` are served. */
  readonly hasHealthEndpoints: boolean
  /** Served beside the health endpoints. */
  readonly pages: Pages
  /** What operators may do on this port. */
  readonly actions: Actions
  /** Told why an upgrade is refused. */
  readonly refused: (reason: RejectReason) => void
  /** Whether one more connection may come in; the HTTP status of the refusal otherwise. */
  readonly admit: () => 'yes' | 'draining' | 'full'
  /** Takes over a new connection: calls `start` of the transport. */
  readonly accepted: (transport: WebSocketTransport) => void
}

/** The HTTP/1.1 endpoint: WebSocket upgrades on `/`, health on `/readyz`, and pages for operators. */
export class WebSocketListener implements AsyncDisposable {
  readonly url: string
  readonly #app: FastifyInstance
  readonly #sockets: ReadonlySet<Socket>

  private constructor(app: FastifyInstance, sockets: ReadonlySet<Socket>) {
    this.#app = app
    this.#sockets = sockets
    this.url = listeningUrl(app.server.address() as AddressInfo)
  }

  /** @throws when the address cannot be bound */
  static async open(options: ListenerOptions): Promise<WebSocketListener> {
    const app = fastify({
      forceCloseConnections: true,
      requestTimeout: requestMs,
      frameworkErrors: refuseUrl,
      http: { shouldUpgradeCallback: isWebSocket },
    })
    // Upgrades beyond the limit get an answer; more sockets than that do not.
    app.server.maxConnections = options.maxConnections + spareSockets
    const sockets = new Set<Socket>()
    app.server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    app.server.on('drop', () => {
      options.refused('limit')
    })
    limitPipelining(app.server, {
      takesUpgrades: true,
      cut: () => {
        options.refused('pipelining')
      },
    })
    const frames = new BufferPools(frameSizes)
    await app.register(websocketPlugin, {
      options: {
        maxPayload: options.maxMessageBytes,
        perMessageDeflate: false,
        // Of subprotocols the first would be selected, whatever it is.
        handleProtocols: () => false,
        // The transport answers: too many pings would end the connection without a word.
        autoPong: false,
      },
      // The gateway closes its connections itself, with a code and a reason.
      preClose: done => {
        done()
      },
    })
    app.addHook('onRequest', (request, reply, next) => {
      const status = refusal(request, options)
      if (status === undefined) next()
      else if (status === 'full') answerFull(reply, options.maxConnections)
      else answer(reply, status)
    })
    app.setNotFoundHandler((_request, reply) => answer(reply, 404))
    app.get('/readyz', (_request, reply) => answer(reply, options.admit() === 'draining' ? 503 : 200))
    addPages(app, options.pages)
    addActions(app, options.actions)
    if (options.hasHealthEndpoints) app.get('/livez', (_request, reply) => answer(reply, 200))
    app.route({
      method: 'GET',
      url: '/',
      handler: (_request, reply) => answer(reply, 400),
      wsHandler: (websocket, request) => {
        const { socket } = request.raw
        const { timers, maxMessageBytes } = options
        options.accepted(new WebSocketTransport({ websocket, socket, timers, frames, maxMessageBytes }))
      },
    })
    await app.listen({ host: options.host, port: options.port })
    return new WebSocketListener(app, sockets)
  }

  /** Stops listening and cuts what is still connected. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Once it asked for an upgrade, a socket is no longer the business of the HTTP server, which waits for it all the same.
    for (const socket of this.#sockets) socket.destroy()
    await this.#app.close()
  }
}

/** The status that refuses a request before any route sees it; `full` when there are too many connections. */
function refusal(request: FastifyRequest, options: ListenerOptions): number | 'full' | undefined {
  if (isFromBrowser(request)) {
    if (request.ws) options.refused('origin')
    return 403
  }
  const [path = ''] = request.url.split('?')
  if (request.ws) {
    if (path !== '/') return 404
    const admission = options.admit()
    if (admission === 'yes') return undefined
    options.refused(admission === 'full' ? 'limit' : 'draining')
    return admission === 'full' ? 'full' : 503
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const isHealth = path === '/readyz' || (path === '/livez' && options.hasHealthEndpoints)
  const isKnown = path === '/' || isHealth || options.pages.has(path)
  if (options.actions.has(path)) return request.method === 'POST' ? undefined : 405
  if (isKnown && !isRead) return 405
  if (path === '/' && request.method === 'HEAD') return 405
  return undefined
}

function answer(reply: FastifyReply, status: number): FastifyReply {
  return reply.code(status).send()
}

/** Whoever offers another protocol, as HTTP clients do that know HTTP/2, takes an answer in this one. RFC 9110 section 7.8 */
function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Refuses what no hook and no route ever sees. An upgrade's socket has to be ended, or nobody reads it or ends it again. */
function refuseUrl(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw
  reply.raw.once('finish', () => socket.destroySoon())
  reply.code(400).send()
}

/** In the words of an error on the wire. */
function answerFull(reply: FastifyReply, maxConnections: number): FastifyReply {
  const text = `this gateway already has ${maxConnections} connections, its limit; try again when some have ended`
  const { message, data } = GatewayError.limit('maxConnections', maxConnections, text)
  return reply.code(503).header('cache-control', 'no-store').send({ message, data })
}

function listeningUrl({ family, address, port }: AddressInfo): string {
  return `ws://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
