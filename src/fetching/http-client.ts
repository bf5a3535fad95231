import { isIP } from 'node:net'
import { Agent, buildConnector, Pool, ProxyAgent } from 'undici'
import type { HttpHeader } from '../protocol/http-schemas.ts'
import { SetupUnusable, TargetRefused } from './fetch-failure.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { hostOf } from './host-list.ts'
import type { OutboundHeader, OutboundRequest } from './outbound-request.ts'
import type { ProxyEnvironment } from './proxy-environment.ts'
import { responseHeaders } from './response-headers.ts'
import type { TargetRules } from './target-rules.ts'
import type { TrustedRoots } from './trusted-roots.ts'

/** Headers of a response, as much as the HTTP library of the reference accepts. */
const maxHeaderBytes = 408 * 1024

/** Body of one response that waits to be passed on. What has collected is passed on in one piece. */
const readAheadBytes = 256 * 1024

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
  readonly #proxied = new Map<string, ProxyAgent>()

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
    const dispatcher = proxy === undefined ? this.#direct : this.#through(proxy)
    const response = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: wireHeaders(request, proxy !== undefined),
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

  #through(proxy: URL): ProxyAgent {
    if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
      throw new SetupUnusable('the proxy that the environment names is neither http nor https')
    }
    const known = this.#proxied.get(proxy.href)
    if (known !== undefined) return known
    const tls = { timeout: 0, secureContext: this.#roots.context }
    const agent = new ProxyAgent({
      uri: proxy.href,
      ...connectionOptions,
      connectTimeout: 0,
      proxyTls: tls,
      requestTls: tls,
      factory: (origin, options) => new Pool(origin, Object.assign(options, connectionOptions)),
    })
    this.#proxied.set(proxy.href, agent)
    return agent
  }
}

/** Connects to what the rules permit. The roots are asked for by the first connection that needs them. */
function directConnector(rules: TargetRules, roots: TrustedRoots): buildConnector.connector {
  const options = { allowH2: false, timeout: 0, lookup: guardedLookup(rules) }
  const connectPlainly = buildConnector(options)
  let connectSecurely: buildConnector.connector | undefined
  return (target, callback) => {
    if (target.protocol !== 'https:') return connectPlainly(target, callback)
    connectSecurely ??= buildConnector({ ...options, secureContext: roots.context })
    return connectSecurely(target, callback)
  }
}

const connectionOptions = { allowH2: false, maxHeaderSize: maxHeaderBytes, headersTimeout: 0, bodyTimeout: 0 }

/**
 * The headers in the bytes that go over the wire, grouped by name. A proxy of the operator gets no credentials of a caller.
 */
function wireHeaders({ headers }: OutboundRequest, isProxied: boolean): Map<string, string | string[]> {
  const grouped = Map.groupBy(headers, ({ name }) => name)
  if (isProxied) grouped.delete('proxy-authorization')
  const valuesOf = (group: readonly OutboundHeader[]) => {
    const values = group.map(({ value }) => Buffer.from(value).toString('latin1'))
    return values.length === 1 ? (values[0] ?? '') : values
  }
  return new Map([...grouped].map(([name, group]) => [name, valuesOf(group)]))
}
