import { describe, expect, test } from 'vitest'
import { HttpRequest } from '../protocol/http-schemas.ts'
import { outboundRequest } from './outbound-request.ts'

const variables = new Map([
  ['TOKEN', 'tok'],
  ['EMPTY', ''],
  ['LINES', 'a\nb'],
  ['OPENAI_API_KEY', 'sk'],
])

function prepare(asked: object) {
  const request = HttpRequest.parse({ method: 'GET', url: 'http://example.com/', requestId: 'r', ...asked })
  return outboundRequest(request, name => variables.get(name))
}

const refusal = (asked: object) => {
  try {
    prepare(asked)
  } catch (error) {
    return error
  }
  return undefined
}

describe('a request that cannot be made', () => {
  test.each([
    [{ method: '' }, 'http/request method is invalid: invalid HTTP method'],
    [{ method: 'GET /' }, 'http/request method is invalid: invalid HTTP method'],
    [{ url: 'example.com' }, 'http/request url is invalid: relative URL without a base'],
    [{ url: 'http://' }, 'http/request url is invalid: empty host'],
    [{ url: 'http://example.com:99999/' }, 'http/request url is invalid: invalid port number'],
    [{ url: 'http://[::1/' }, 'http/request url is invalid: invalid IPv6 address'],
    [{ url: 'http://me@/' }, 'http/request url is invalid: empty host'],
    [{ url: 'http://:80/' }, 'http/request url is invalid: empty host'],
    [{ url: 'http://a:b/' }, 'http/request url is invalid: invalid port number'],
    [{ url: 'http://1.2.3.400/' }, 'http/request url is invalid: invalid IPv4 address'],
    [{ url: 'http://a b/' }, 'http/request url is invalid: invalid international domain name'],
    [{ url: 'http://xn--a/' }, 'http/request url is invalid: invalid international domain name'],
    [{ url: 'https://www.XN--0000.test:80/' }, 'http/request url is invalid: invalid international domain name'],
    [{ url: 'ftp://example.test/x' }, 'http/request only supports http and https URLs, got ftp'],
    [{ url: 'file:///etc/passwd' }, 'http/request only supports http and https URLs, got file'],
    [{ headers: [{ name: '', value: 'v' }] }, 'http/request header name is invalid: invalid HTTP header name'],
    [{ headers: [{ name: 'a b', value: 'v' }] }, 'http/request header name is invalid: invalid HTTP header name'],
    [
      { headers: [{ name: 'X-T', value: 'a\r\nb: c' }] },
      'http/request header value is invalid for X-T: failed to parse header value',
    ],
    [
      { headers: [{ name: 'X-T', value: '', valueEnvVar: 'LINES' }] },
      'http/request header value is invalid for X-T: failed to parse header value',
    ],
    [
      { headers: [{ name: 'X-T', value: '', valueEnvVar: 'NOPE' }] },
      'http/request header X-T requires executor environment variable NOPE',
    ],
    [
      { headers: [{ name: 'X-T', value: '', valueEnvVar: '' }] },
      'http/request header X-T requires executor environment variable ',
    ],
    [
      { headers: [{ name: 'X-T', value: '', valueEnvVar: 'EMPTY' }] },
      'http/request header X-T requires a non-empty executor environment variable EMPTY',
    ],
    [
      { headers: [{ name: 'X-T', value: '', valueEnvVar: 'openai_api_key' }] },
      'http/request header X-T cannot use executor environment variable openai_api_key',
    ],
  ])('%o is told why', (asked, message) => {
    expect(refusal(asked)).toMatchObject({ code: -32602, message })
  })
})

describe('a request that can', () => {
  test('has its header values completed from the environment, which is for one origin only', () => {
    const { headers } = prepare({ headers: [{ name: 'X-Auth', value: 'Bearer ', valueEnvVar: 'TOKEN' }] })
    expect(headers[0]).toEqual({ name: 'x-auth', value: 'Bearer tok', isSecret: true })
  })

  test('takes a variable of null for none', () => {
    const { headers } = prepare({ headers: [{ name: 'X', value: 'v', valueEnvVar: null }] })
    expect(headers[0]).toEqual({ name: 'x', value: 'v', isSecret: false })
  })

  test.each(['authorization', 'Cookie', 'Proxy-Authorization'])('keeps %s for one origin', name => {
    expect(prepare({ headers: [{ name, value: 'v' }] }).headers[0]?.isSecret).toBe(true)
  })

  test('leaves out what is about the connection', () => {
    const names = ['Connection', 'Content-Length', 'Expect', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade']
    const { headers } = prepare({ headers: names.map(name => ({ name, value: '1' })) })
    expect(headers.map(({ name }) => name)).toEqual(['accept'])
  })

  test.each(['http://bücher.test/', 'http://xn--bcher-kva.test/', 'http://a_b.test/', 'http://[::1]/'])(
    'goes to %s',
    url => {
      expect(prepare({ url }).url.href).toBe(new URL(url).href)
    },
  )

  test('has neither user nor fragment in its URL', () => {
    const { url, headers } = prepare({ url: 'http://me:pw@example.com/a?b#c' })
    expect(url.href).toBe('http://example.com/a?b')
    expect(headers.find(({ name }) => name === 'authorization')).toMatchObject({ isSecret: true })
  })
})
