import { HostList, hostOf } from './host-list.ts'

type Environment = Readonly<Record<string, string | undefined>>

const schemes = new Set(['http:', 'https:', 'socks5:'])

/**
 * Which proxy the environment names for which target: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` for either, and `NO_PROXY`
 * for the exceptions. In lower case they count where the same name is not set in upper case, not even to nothing, as with
 * the reference: a gateway in its place goes the same ways. What is not the URL of a proxy is passed over.
 */
export class ProxyEnvironment {
  readonly #proxies: Readonly<Record<'http:' | 'https:', URL | undefined>>
  readonly #exceptions: HostList

  constructor(environment: Environment) {
    const forAll = proxyUrl(variable(environment, 'ALL_PROXY'))
    // Within CGI, HTTP_PROXY is a header of the request that runs us. https://httpoxy.org
    const isCgi = environment['REQUEST_METHOD'] !== undefined
    const forHttp = isCgi ? environment['http_proxy'] : variable(environment, 'HTTP_PROXY')
    this.#proxies = {
      'http:': proxyUrl(forHttp) ?? forAll,
      'https:': proxyUrl(variable(environment, 'HTTPS_PROXY')) ?? forAll,
    }
    this.#exceptions = new HostList((variable(environment, 'NO_PROXY') ?? '').split(/[,\s]+/).filter(Boolean))
  }

  /** The proxy a request to this URL goes through; `undefined` when it goes directly. */
  proxyFor(url: URL): URL | undefined {
    const proxy = url.protocol === 'https:' ? this.#proxies['https:'] : this.#proxies['http:']
    return proxy === undefined || this.#exceptions.hasHost(hostOf(url)) ? undefined : proxy
  }
}

function variable(environment: Environment, name: string): string | undefined {
  return environment[name] ?? environment[name.toLowerCase()]
}

/** A bare `host:port` is an HTTP proxy. */
function proxyUrl(text: string | undefined): URL | undefined {
  if (text === undefined || text === '') return undefined
  const url = URL.parse(text.includes('://') ? text.replace(/^socks5h:/i, 'socks5:') : `http://${text}`)
  return url !== null && schemes.has(url.protocol) ? url : undefined
}
