import { domainToUnicode } from 'node:url'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { HttpRequest, RequestHeader } from '../protocol/http-schemas.ts'
import { shorten } from '../protocol/text-excerpt.ts'
import { basicCredentials } from './basic-credentials.ts'
import { headerValue, type Variables } from './header-value.ts'

/** A header of a request. Names are in lower case. */
export interface OutboundHeader {
  readonly name: string
  readonly value: string
  /** Whether the value is for the origin that the caller named and no other. */
  readonly isSecret: boolean
}

/** A request that can be sent. */
export interface OutboundRequest {
  readonly method: string
  /** http or https, without user, password and fragment. */
  readonly url: URL
  readonly headers: readonly OutboundHeader[]
  readonly body: Buffer | undefined
}

const highestPort = 65_535

/** RFC 9110 section 5.6.2 */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/**
 * Headers about one connection, which is ours, and the length of the body, which is known. RFC 9110 section 7.6.1
 */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** What must not follow a redirect to another origin. */
const credentialHeaders = new Set(['authorization', 'cookie', 'cookie2', 'proxy-authorization', 'www-authenticate'])

/**
 * Makes a request out of what the caller asks for, headers with values from the environment included.
 * @throws GatewayError with the wording of the reference, for the first thing that is wrong
 */
export function outboundRequest(asked: HttpRequest, variables: Variables): OutboundRequest {
  if (!token.test(asked.method)) throw invalid('method', 'http/request method is invalid: invalid HTTP method')
  const url = targetUrl(asked.url)
  const headers = asked.headers.map(header => outboundHeader(header, variables))
  return {
    method: asked.method,
    url: withoutUser(url),
    headers: withDefaults(
      headers.filter(({ name }) => !connectionHeaders.has(name)),
      url,
    ),
    body: asked.bodyBase64 ?? undefined,
  }
}

/** The URL without what is not sent as part of it. */
export function withoutUser(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  bare.hash = ''
  return bare
}

function targetUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw invalid('url', `http/request url is invalid: ${unparsableBecause(text)}`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const scheme = shorten(url.protocol.slice(0, -1))
    throw invalid('url', `http/request only supports http and https URLs, got ${scheme}`)
  }
  if (hasBrokenLabel(url)) throw invalid('url', `http/request url is invalid: ${brokenName}`)
  return url
}

const brokenName = 'invalid international domain name'

/** Whether a label of the host is said to be encoded, but stands for nothing. Not every version of the parser minds. RFC 3492 */
function hasBrokenLabel({ hostname }: URL): boolean {
  return /(?:^|\.)xn--/.test(domainToUnicode(hostname))
}

/** What the parser did not like, in the words of the reference. */
function unparsableBecause(text: string): string {
  const authority = /^\s*[a-z][a-z\d+.-]*:[/\\]*([^/\\?#]*)/i.exec(text)?.[1]
  if (authority === undefined) return 'relative URL without a base'
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1).trim()
  if (hostAndPort.includes('[')) return 'invalid IPv6 address'
  const [host = '', port = ''] = hostAndPort.split(':')
  if (host === '') return 'empty host'
  if (!/^\d*$/.test(port) || Number(port) > highestPort) return 'invalid port number'
  return /(?:^|\.)\d+\.?$/.test(host) ? 'invalid IPv4 address' : brokenName
}

function outboundHeader(header: RequestHeader, variables: Variables): OutboundHeader {
  if (!token.test(header.name)) {
    throw invalid('headers', 'http/request header name is invalid: invalid HTTP header name')
  }
  const name = header.name.toLowerCase()
  const { value, isFromEnvironment } = headerValue(header, variables)
  return { name, value, isSecret: isFromEnvironment || credentialHeaders.has(name) }
}

/** `accept`, unless the caller says it, and the user and password of the URL, unless the caller has other credentials. */
function withDefaults(headers: readonly OutboundHeader[], url: URL): OutboundHeader[] {
  const has = (wanted: string) => headers.some(({ name }) => name === wanted)
  const all = [...headers]
  if (!has('accept')) all.push({ name: 'accept', value: '*/*', isSecret: false })
  const credentials = basicCredentials(url)
  if (credentials !== undefined && !has('authorization')) {
    all.push({ name: 'authorization', value: credentials, isSecret: true })
  }
  return all
}

function invalid(field: string, message: string): GatewayError {
  return new GatewayError('invalidParams', message, { data: { field } })
}
