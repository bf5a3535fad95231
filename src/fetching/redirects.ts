import { RedirectRefused } from './fetch-failure.ts'
import { type OutboundHeader, type OutboundRequest, withoutUser } from './outbound-request.ts'

/** Redirects followed for one request. */
export const maxRedirects = 10

const redirectStatuses = new Set([301, 302, 303, 307, 308])

/** Headers about a body that go with it, those that the reference drops. Its length is not among the headers of a request. */
const bodyHeaders = new Set(['content-type', 'content-encoding'])

/** The part of a response that decides where to go next. */
export interface Redirection {
  readonly status: number
  readonly location: string | undefined
}

/**
 * The request that follows a redirect; `undefined` when the response is none, or does not say where to. What the caller
 * meant for one origin is dropped for good on the way to another.
 * RFC 9110 section 15.4; https://fetch.spec.whatwg.org/#http-redirect-fetch
 * @throws RedirectRefused when it leads somewhere else than to http or https
 */
export function redirected(request: OutboundRequest, { status, location }: Redirection): OutboundRequest | undefined {
  if (!redirectStatuses.has(status) || location === undefined) return undefined
  const target = URL.parse(location, request.url.href)
  if (target === null) return undefined
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new RedirectRefused('it leads to a URL that is neither http nor https')
  }
  const url = withoutUser(target)
  const method = methodAfter(status, request.method)
  const keepsBody = method === request.method && status !== 303
  const headers = request.headers.filter(header =>
    follows(header, { keepsBody, isSameOrigin: isSameOrigin(url, request.url) }),
  )
  return {
    method,
    url,
    headers: [...headers, ...refererOf(request.url, url)],
    body: keepsBody ? request.body : undefined,
  }
}

function methodAfter(status: number, method: string): string {
  if (status === 303) return method === 'HEAD' ? 'HEAD' : 'GET'
  return (status === 301 || status === 302) && method === 'POST' ? 'GET' : method
}

function follows(
  { name, isSecret }: OutboundHeader,
  { keepsBody, isSameOrigin }: { keepsBody: boolean; isSameOrigin: boolean },
): boolean {
  if (name === 'referer' || (!keepsBody && bodyHeaders.has(name))) return false
  return isSameOrigin || (!isSecret && name !== 'host')
}

function isSameOrigin(one: URL, other: URL): boolean {
  return one.origin === other.origin
}

/** The whole URL within an origin, only the origin to another, nothing on the way from https to http. */
function refererOf(from: URL, to: URL): OutboundHeader[] {
  if (from.protocol === 'https:' && to.protocol === 'http:') return []
  return [{ name: 'referer', value: isSameOrigin(from, to) ? from.href : `${from.origin}/`, isSecret: false }]
}
