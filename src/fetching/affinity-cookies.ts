import { hostOf } from './host-list.ts'

/** Services that route a client by cookies, and the names of those cookies. All others are neither stored nor sent. */
const exactHosts = new Set(['chat.openai.com'])
const domains = ['chatgpt.com', 'chatgpt-staging.com']
const names = new Set([
  '__cf_bm',
  '__cflb',
  '__cfruid',
  '__cfseq',
  '__cfwaitingroom',
  '_cfuvid',
  'cf_clearance',
  'cf_ob_info',
  'cf_use_ob',
])
const challengePrefix = 'cf_chl_'

/** Cookies kept at the same time; the oldest go first. A service sets a handful. */
const maxCookies = 256
const maxCookieLength = 4096

interface Cookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  /** Whether only the very host that set it gets it back. */
  readonly isHostOnly: boolean
  readonly path: string
  /** Unix time in milliseconds. */
  readonly expiresAt: number
}

/**
 * Remembers the cookies by which one service keeps a client on the same of its machines. They carry no identity; without
 * them every request would be challenged anew. RFC 6265, section 5
 */
export class AffinityCookies {
  readonly #cookies = new Map<string, Cookie>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Takes up what a response sets. */
  store(url: URL, setCookies: readonly string[]): void {
    if (!isServed(url)) return
    for (const text of setCookies) {
      const cookie = text.length > maxCookieLength ? undefined : parseCookie(text, url, this.#now())
      if (cookie === undefined) continue
      const key = `${cookie.name};${cookie.domain};${cookie.path}`
      // Deleted first, so that what was set last is the last to go.
      this.#cookies.delete(key)
      if (cookie.expiresAt > this.#now()) this.#cookies.set(key, cookie)
      this.#forgetOldest()
    }
  }

  /** The value of the `cookie` header for a request; `undefined` when there is nothing to send. */
  headerFor(url: URL): string | undefined {
    if (!isServed(url)) return undefined
    const sent = [...this.#cookies.values()]
      .filter(cookie => cookie.expiresAt > this.#now() && isMeantFor(cookie, url))
      .map(({ name, value }) => `${name}=${value}`)
    return sent.length === 0 ? undefined : sent.join('; ')
  }

  #forgetOldest(): void {
    for (const key of this.#cookies.keys()) {
      if (this.#cookies.size <= maxCookies) return
      this.#cookies.delete(key)
    }
  }
}

function isServed(url: URL): boolean {
  const host = hostOf(url)
  return url.protocol === 'https:' && (exactHosts.has(host) || domains.some(domain => isWithin(host, domain)))
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`)
}

function isMeantFor({ domain, isHostOnly, path }: Cookie, url: URL): boolean {
  const host = hostOf(url)
  if (isHostOnly ? host !== domain : !isWithin(host, domain)) return false
  const { pathname } = url
  return pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'))
}

function parseCookie(text: string, url: URL, now: number): Cookie | undefined {
  const [pair = '', ...parts] = text.split(';')
  const { name, value } = pairOf(pair)
  if (!names.has(name) && !name.startsWith(challengePrefix)) return undefined
  const attributes = new Map(parts.map(pairOf).map(part => [part.name.toLowerCase(), part.value]))
  const host = hostOf(url)
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase() || undefined
  if (domain !== undefined && (!isWithin(host, domain) || !domain.includes('.'))) return undefined
  const path = attributes.get('path')
  return {
    name,
    value,
    domain: domain ?? host,
    isHostOnly: domain === undefined,
    path: path?.startsWith('/') === true ? path : defaultPath(url),
    expiresAt: expiryOf(attributes, now),
  }
}

function pairOf(text: string): { name: string; value: string } {
  const equals = text.indexOf('=')
  if (equals < 0) return { name: text.trim(), value: '' }
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() }
}

function defaultPath({ pathname }: URL): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
}

/** `Max-Age` wins; what has neither lasts as long as the gateway. */
function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? Infinity : expires
}
