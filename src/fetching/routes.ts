import { basicCredentials } from './basic-credentials.ts'
import { type Connector, directConnector, proxyConnector, tunnelConnector } from './connectors.ts'
import { SetupUnusable } from './fetch-failure.ts'
import type { OutboundHeader, OutboundRequest } from './outbound-request.ts'
import type { TargetRules } from './target-rules.ts'
import type { TrustedRoots } from './trusted-roots.ts'

/** Which connection a request takes, and how it is written there. */
export interface Route {
  /** Tells connections that may stand in for each other: those to one origin, through the same proxy. */
  readonly name: string
  readonly connect: Connector
  /** What is at the other end: the target, or a proxy that is told the whole URL. */
  readonly origin: string
  readonly path: string
  readonly headers: readonly OutboundHeader[]
  /** Whether all that goes over the connection is between one caller and one origin. */
  readonly isExclusive: boolean
}

export interface RoutesOptions {
  readonly rules: TargetRules
  readonly roots: TrustedRoots
}

/** The ways to the targets: straight, or through the proxies of the operator. */
export class Routes {
  readonly #roots: TrustedRoots
  readonly #direct: Connector
  readonly #proxied = new Map<string, Connector>()

  constructor({ rules, roots }: RoutesOptions) {
    this.#roots = roots
    this.#direct = directConnector(rules, roots)
  }

  /** @throws SetupUnusable for a proxy that is neither http nor https */
  to(request: OutboundRequest, proxy: URL | undefined): Route {
    const { url, headers } = request
    // With the question mark of an empty query.
    const path = url.href.slice(url.origin.length)
    const name = `${url.origin} ${proxy?.href}`
    const straight = { name, origin: url.origin, path, headers, isExclusive: true }
    if (proxy === undefined) return { ...straight, connect: this.#direct }
    if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
      throw new SetupUnusable('the proxy that the environment names is neither http nor https')
    }
    const connect = this.#connectorTo(proxy, url.protocol)
    // Credentials of a caller are not for the proxy of the operator.
    const forwarded = headers.filter(each => each.name !== 'proxy-authorization')
    if (url.protocol === 'https:') return { ...straight, connect, headers: forwarded }
    // RFC 9112 section 3.2.2: a proxy is told the whole URL.
    return {
      name,
      connect,
      origin: proxy.origin,
      path: url.href,
      headers: [...proxyHeaders(request, proxy), ...forwarded],
      isExclusive: false,
    }
  }

  #connectorTo(proxy: URL, protocol: string): Connector {
    const key = `${protocol} ${proxy.href}`
    const known = this.#proxied.get(key)
    if (known !== undefined) return known
    const endpoint = { url: proxy, secureContext: this.#roots.context }
    const connector = protocol === 'https:' ? tunnelConnector(endpoint) : proxyConnector(endpoint)
    this.#proxied.set(key, connector)
    return connector
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
export function wireHeaders(headers: readonly OutboundHeader[]): Map<string, string | string[]> {
  const valuesOf = (group: readonly OutboundHeader[]) => {
    const values = group.map(({ value }) => Buffer.from(value).toString('latin1'))
    return values.length === 1 ? (values[0] ?? '') : values
  }
  const grouped = Map.groupBy(headers, ({ name }) => name)
  return new Map([...grouped].map(([name, group]) => [name, valuesOf(group)]))
}
