import { isIP } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { HttpHeader } from '../protocol/http-schemas.ts'
import { basicCredentials } from './basic-credentials.ts'
import { ProxyRefused, SetupUnusable, TargetRefused } from './fetch-failure.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { hostOf } from './host-list.ts'
import type { OutboundHeader, OutboundRequest } from './outbound-request.ts'
import type { ProxyEnvironment } from './proxy-environment.ts'
import { openTunnel, type ProxyEndpoint } from './proxy-tunnel.ts'
import { responseHeaders } from './response-headers.ts'
import type { TargetRules } from './target-rules.ts'
import type { TrustedRoots } from './trusted-roots.ts'

/** Headers of a response, as much as the HTTP library of the reference accepts. */
const maxHeaderBytes = 408 * 1024

/** Body of one response that waits to be passed on. What has collected is passed on in one piece. */
const readAheadBytes = 128 * 1024

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
}

/**
 * Sends single requests over HTTP/1.1: no redirects, no decompression, no headers but what is given, `host`, `connection`
 * and `content-length`. Each has a connection of its own: what one caller logged in to on it reaches no other, and no server
 * can close it right when the next request goes out. TLS sessions are resumed. The one door to undici.
 */
export class HttpClient implements AsyncDisposable {
  readonly #rules: TargetRules
  readonly #proxies: ProxyEnvironment
  readonly #roots: TrustedRoots
  readonly #direct: Agent
  readonly #proxied = new Map<string, Agent>()

  constructor({ rules, proxies, roots }: HttpClientOptions) {
    this.#rules = rules
    this.#proxies = proxies
    this.#roots = roots
    this.#direct = new Agent({ ...connectionOptions, connect: directConnector(rules, roots) })
  }

  /**
   * Sends a request and waits for the headers of its response.
   * @throws TargetRefused, SetupUnusable, the reason of the signal, or an error with the code of what failed
   */
  async send(request: OutboundRequest, signal: AbortSignal): Promise<InboundResponse> {
    const { url, method, body } = request
    const host = hostOf(url)
    const proxy = this.#proxies.proxyFor(url)
    // Whoever resolves a name itself is asked for its addresses; an address is never looked up.
    const isDecidedHere = proxy !== undefined || isIP(host) !== 0
    if (isDecidedHere && !this.#rules.permitsUnseen(host)) throw new TargetRefused()
    const route = this.#routeOf(request, proxy)
    const response = await route.agent.request({
      origin: route.origin,
      path: route.path,
      method,
      headers: wireHeaders(route.headers),
      body: body ?? null,
      signal,
      responseHeaders: 'raw',
      reset: true,
      highWaterMark: readAheadBytes,
      // The deadline of the request is the only one.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    return {
      status: response.statusCode,
      // Raw headers are a list, whatever the types say.
      headers: responseHeaders(response.headers as unknown as readonly string[]),
      body: response.body,
      discard: () => {
        response.body.on('error', () => {}).destroy()
      },
    }
  }

  /** Closes all connections. Requests that are on their way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#direct, ...this.#proxied.values()].map(agent => agent.destroy()))
  }

  /** Which connection a request takes, and how it is written there. */
  #routeOf(request: OutboundRequest, proxy: URL | undefined): Route {
    const { url, headers } = request
    const path = url.pathname + url.search
    if (proxy === undefined) return { agent: this.#direct, origin: url.origin, path, headers }
    if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
      throw new SetupUnusable('the proxy that the environment names is neither http nor https')
    }
    const agent = this.#agentThrough(proxy, url.protocol)
    // Credentials of a caller are not for the proxy of the operator.
    const forwarded = headers.filter(({ name }) => name !== 'proxy-authorization')
    if (url.protocol === 'https:') return { agent, origin: url.origin, path, headers: forwarded }
    // RFC 9112 section 3.2.2: a proxy is told the whole URL.
    return { agent, origin: proxy.origin, path: url.href, headers: [...proxyHeaders(request, proxy), ...forwarded] }
  }

  #agentThrough(proxy: URL, protocol: string): Agent {
    const key = `${protocol} ${proxy.href}`
    const known = this.#proxied.get(key)
    if (known !== undefined) return known
    const endpoint = { url: proxy, secureContext: this.#roots.context }
    const connect = protocol === 'https:' ? tunnelConnector(endpoint) : proxyConnector(endpoint)
    const agent = new Agent({ ...connectionOptions, connect })
    this.#proxied.set(key, agent)
    return agent
  }
}

interface Route {
  readonly agent: Agent
  readonly origin: string
  readonly path: string
  readonly headers: readonly OutboundHeader[]
}

const connectionOptions = { allowH2: false, maxHeaderSize: maxHeaderBytes, headersTimeout: 0, bodyTimeout: 0 }
const connectorOptions = { allowH2: false, timeout: 0 }

/** Connects to what the rules permit. The roots are asked for by the first connection that needs them. */
function directConnector(rules: TargetRules, roots: TrustedRoots): buildConnector.connector {
  const options = { ...connectorOptions, lookup: guardedLookup(rules) }
  const connectPlainly = buildConnector(options)
  let connectSecurely: buildConnector.connector | undefined
  return (target, callback) => {
    if (target.protocol !== 'https:') return connectPlainly(target, callback)
    connectSecurely ??= buildConnector({ ...options, secureContext: roots.context })
    return connectSecurely(target, callback)
  }
}

/** Connects to the proxy itself, whose certificate is for its own name, whatever is asked of it. */
function proxyConnector({ url, secureContext }: ProxyEndpoint): buildConnector.connector {
  const connect = buildConnector({ ...connectorOptions, secureContext })
  const host = hostOf(url)
  // An address has no name to tell. RFC 6066 section 3
  const own = isIP(host) === 0 ? { servername: host } : {}
  return ({ servername: _asked, ...target }, callback) => connect({ ...target, ...own }, callback)
}

/** Connects through a tunnel. What it returns is destroyed by whoever gives up. */
function tunnelConnector(proxy: ProxyEndpoint): buildConnector.connector {
  const connectSecurely = buildConnector({ ...connectorOptions, secureContext: proxy.secureContext })
  return (target, callback) => {
    const host = isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname
    return openTunnel(proxy, `${host}:${target.port || 443}`, (error, httpSocket) => {
      if (httpSocket === null) return callback(error ?? new ProxyRefused('the proxy closed the connection'), null)
      let isSettled = false
      const settle: buildConnector.Callback = (...outcome) => {
        if (!isSettled) callback(...outcome)
        isSettled = true
      }
      // TLS does not tell when what it runs over is reset.
      httpSocket.once('close', () => {
        settle(new ProxyRefused('the proxy closed the connection'), null)
      })
      connectSecurely({ ...target, httpSocket }, settle)
    })
  }
}

/** What a proxy has to be told besides the headers of the caller. */
function proxyHeaders({ url, headers }: OutboundRequest, proxy: URL): OutboundHeader[] {
  const credentials = basicCredentials(proxy)
  const isHostGiven = headers.some(({ name }) => name === 'host')
  return [
    ...(isHostGiven ? [] : [{ name: 'host', value: url.host, isSecret: false }]),
    ...(credentials === undefined ? [] : [{ name: 'proxy-authorization', value: credentials, isSecret: true }]),
  ]
}

/** The headers in the bytes that go over the wire, grouped by name. */
function wireHeaders(headers: readonly OutboundHeader[]): Map<string, string | string[]> {
  const valuesOf = (group: readonly OutboundHeader[]) => {
    const values = group.map(({ value }) => Buffer.from(value).toString('latin1'))
    return values.length === 1 ? (values[0] ?? '') : values
  }
  const grouped = Map.groupBy(headers, ({ name }) => name)
  return new Map([...grouped].map(([name, group]) => [name, valuesOf(group)]))
}
