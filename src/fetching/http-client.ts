import { isIP } from 'node:net'
import type { Ledger } from '../lifecycle/ledger.ts'
import type { HttpHeader } from '../protocol/http-schemas.ts'
import { TargetRefused } from './fetch-failure.ts'
import type { ConnectionUse } from './fetch-metrics.ts'
import { hostOf } from './host-list.ts'
import { HttpConnection } from './http-connection.ts'
import { IdleConnections } from './idle-connections.ts'
import type { OutboundRequest } from './outbound-request.ts'
import type { ProxyEnvironment } from './proxy-environment.ts'
import { responseHeaders } from './response-headers.ts'
import { type Route, Routes, wireHeaders } from './routes.ts'
import type { TargetRules } from './target-rules.ts'
import type { TrustedRoots } from './trusted-roots.ts'

/** What may be asked twice. RFC 9110 section 9.2.2 */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** A response whose body is yet to be read. */
export interface InboundResponse {
  readonly status: number
  readonly headers: readonly HttpHeader[]
  /** Bytes as they were sent, compressed or not. Leaving a loop over it closes the connection. */
  readonly body: AsyncIterable<Buffer>
  /** Closes the connection unless the whole body is there. */
  discard(): void
}

export interface HttpClientOptions {
  readonly rules: TargetRules
  readonly proxies: ProxyEnvironment
  readonly roots: TrustedRoots
  readonly ledger: Ledger
  /** Told of what each request is sent on. */
  readonly connectionUsed: (use: ConnectionUse) => void
}

/** For whom a request is sent, and for how long. */
export interface Sending {
  /** Aborted when the caller has gone. */
  readonly caller: AbortSignal
  /** Aborted when nobody waits for the response any more. */
  readonly signal: AbortSignal
}

/**
 * Sends single requests over HTTP/1.1: no redirects, no decompression, no headers but what is given, `host`, `connection`
 * and `content-length`. A connection is used again by the same caller for the same origin, and for nothing that must not be
 * asked twice: the server may close it right when the next request goes out. TLS sessions are resumed.
 */
export class HttpClient implements AsyncDisposable {
  readonly #rules: TargetRules
  readonly #proxies: ProxyEnvironment
  readonly #routes: Routes
  readonly #connections = new Set<HttpConnection>()
  readonly #idle: IdleConnections<HttpConnection>
  readonly #connectionUsed: (use: ConnectionUse) => void

  constructor({ rules, proxies, roots, ledger, connectionUsed }: HttpClientOptions) {
    this.#rules = rules
    this.#proxies = proxies
    this.#routes = new Routes({ rules, roots })
    this.#idle = new IdleConnections(ledger)
    this.#connectionUsed = connectionUsed
  }

  /**
   * Sends a request and waits for the headers of its response.
   * @throws TargetRefused, SetupUnusable, the reason of the signal, or an error with the code of what failed
   */
  async send(request: OutboundRequest, sending: Sending): Promise<InboundResponse> {
    const { url, method } = request
    const host = hostOf(url)
    const proxy = this.#proxies.proxyFor(url)
    // Whoever resolves a name itself is asked for its addresses; an address is never looked up.
    const isDecidedHere = proxy !== undefined || isIP(host) !== 0
    if (isDecidedHere && !this.#rules.permitsUnseen(host)) throw new TargetRefused()
    const route = this.#routes.to(request, proxy)
    const key = { caller: sending.caller, route: route.name }
    const known = idempotentMethods.has(method) ? this.#idle.take(key) : undefined
    const send = (connection: HttpConnection) => this.#sendOn(connection, { request, route, sending })
    if (known === undefined) {
      this.#connectionUsed('new')
      return await send(this.#connectBy(route))
    }
    this.#connectionUsed('reused')
    try {
      return await send(known)
    } catch (error) {
      if (known.isAnswered || sending.signal.aborted) throw error
    }
    this.#connectionUsed('repeated')
    return await send(this.#connectBy(route))
  }

  /** Closes all connections. Requests that are on their way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle[Symbol.dispose]()
    await Promise.all([...this.#connections].map(connection => connection.end()))
  }

  #connectBy({ origin, connect }: Route): HttpConnection {
    const connection: HttpConnection = new HttpConnection(origin, connect, () => this.#connections.delete(connection))
    this.#connections.add(connection)
    return connection
  }

  async #sendOn(
    connection: HttpConnection,
    { request, route, sending }: { request: OutboundRequest; route: Route; sending: Sending },
  ): Promise<InboundResponse> {
    await using acquired = new AsyncDisposableStack()
    acquired.defer(() => connection.end())
    const { statusCode, headers, body } = await connection.send({
      path: route.path,
      method: request.method,
      headers: wireHeaders(route.headers),
      body: request.body ?? null,
      isLast: !route.isExclusive,
      signal: sending.signal,
    })
    acquired.move()
    body.once('close', () => {
      if (body.readableEnded) this.#idle.put({ caller: sending.caller, route: route.name }, connection)
      else void connection.end()
    })
    return {
      status: statusCode,
      // Raw headers are a list, whatever the types say.
      headers: responseHeaders(headers as unknown as readonly string[]),
      body,
      discard: () => {
        body.on('error', () => {}).destroy()
      },
    }
  }
}
