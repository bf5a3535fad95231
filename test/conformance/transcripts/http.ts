import { expect, refused, send, shakeHands } from '../lines.ts'
import { base64, type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'
import { answer } from '../web.ts'

const request = (id: number, more: PatternObject): Step => {
  return send({ id, method: 'http/request', params: { method: 'GET', requestId: 'r', ...more } })
}

const header = (name: string, value: string): PatternObject => ({ name, value })
const response = (id: number, status: number, headers: readonly PatternObject[], body = ''): PatternObject => {
  return { id, result: { status, headers, bodyBase64: base64(body) } }
}

const delta = (requestId: string, seq: number, body: string, more: PatternObject = {}): PatternObject => ({
  method: 'http/request/bodyDelta',
  params: { requestId, seq, deltaBase64: base64(body), done: false, error: null, ...more },
})

const lengthAnd = (length: number, ...headers: readonly PatternObject[]) => [
  ...headers,
  header('content-length', String(length)),
  header('connection', 'close'),
]

export const http: readonly Transcript[] = [
  {
    name: 'brings back a whole response, with its headers in lower case and grouped',
    web: {
      '/mcp?case=a': answer('201 Created', ['X-A: 1', 'Content-Type: text/plain', 'x-a: 2'], 'response-body'),
    },
    steps: [
      ...shakeHands(),
      request(1, {
        method: 'POST',
        url: '<web>/mcp?case=a',
        headers: [header('x-demo', '1')],
        bodyBase64: base64('request-body'),
        timeoutMs: 5000,
      }),
      expect(
        'exact',
        response(
          1,
          201,
          lengthAnd(13, header('x-a', '1'), header('x-a', '2'), header('content-type', 'text/plain')),
          'response-body',
        ),
      ),
    ],
  },
  {
    name: 'streams a response in numbered pieces, the last of which is empty',
    web: {
      '/events': answer('200 OK', ['content-type: text/event-stream'], 'hello'),
      '/empty': answer('204 No Content', [], '').replace('content-length: 0\r\n', ''),
    },
    steps: [
      ...shakeHands(),
      request(1, { url: '<web>/events', requestId: 'http-1', streamResponse: true, bodyBase64: null }),
      expect('exact', response(1, 200, lengthAnd(5, header('content-type', 'text/event-stream')))),
      expect('exact', delta('http-1', 1, 'hello')),
      expect('exact', delta('http-1', 2, '', { done: true })),
      request(2, { url: '<web>/empty', requestId: 'http-1', streamResponse: true }),
      expect('exact', response(2, 204, [header('connection', 'close')])),
      expect('exact', delta('http-1', 1, '', { done: true })),
    ],
  },
  {
    name: 'says in the last piece why a body is not complete',
    web: { '/cut': answer('200 OK', [], 'hello').replace('length: 5', 'length: 50') },
    steps: [
      ...shakeHands(),
      request(1, { url: '<web>/cut', requestId: 'http-2', streamResponse: true }),
      expect('exact', response(1, 200, lengthAnd(50))),
      expect('exact', delta('http-2', 1, 'hello')),
      expect('shape', delta('http-2', 2, '', { done: true, error: text() })),
      request(2, { url: '<web>/cut' }),
      expect('exact', refused(2, -32603, text({ startsWith: 'failed to read http/request response body: ' }))),
    ],
  },
  {
    name: 'refuses the name of a stream that is under way',
    web: { '/open': 'HTTP/1.1 200 OK\r\n\r\n', '/hang': null },
    // The reference does not look at other requests while one waits for its headers.
    only: 'execgate',
    steps: [
      ...shakeHands(),
      request(1, { url: '<web>/hang', requestId: 'http-1', streamResponse: true, timeoutMs: 1500 }),
      request(2, { url: '<web>/open', requestId: 'http-1', streamResponse: true }),
      expect('exact', refused(2, -32602, 'http/request streamResponse requestId `http-1` is already active')),
      expect('exact', refused(1, -32603, text({ startsWith: 'http/request failed: ' }))),
    ],
  },
  {
    name: 'follows redirects, or stops at the first',
    web: {
      '/go': answer('302 Found', ['location: /final'], ''),
      '/final': answer('200 OK', [], 'there'),
      '/nowhere': answer('302 Found', [], ''),
      '/loop': answer('302 Found', ['location: /loop'], ''),
      '/leave': answer('302 Found', ['location: ftp://127.0.0.1/'], ''),
    },
    steps: [
      ...shakeHands(),
      request(1, { url: '<web>/go', redirectPolicy: 'stop', timeoutMs: 5000 }),
      expect('exact', response(1, 302, lengthAnd(0, header('location', '/final')))),
      request(2, { url: '<web>/go' }),
      expect('exact', response(2, 200, lengthAnd(5), 'there')),
      request(3, { url: '<web>/nowhere', redirectPolicy: 'follow' }),
      expect('exact', response(3, 302, lengthAnd(0))),
      request(4, { url: '<web>/loop' }),
      expect('exact', refused(4, -32603, text({ startsWith: 'http/request failed: ' }))),
      request(5, { url: '<web>/leave' }),
      expect('exact', refused(5, -32603, text({ startsWith: 'http/request failed: ' }))),
    ],
  },
  {
    name: 'gives up at the deadline',
    web: { '/hang': null, '/half': 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n' },
    steps: [
      ...shakeHands(),
      request(1, { url: '<web>/hang', timeoutMs: 20 }),
      expect('exact', refused(1, -32603, text({ startsWith: 'http/request failed: ' }))),
      request(2, { url: '<web>/hang', timeoutMs: 0, streamResponse: true }),
      expect('exact', refused(2, -32603, text({ startsWith: 'http/request failed: ' }))),
    ],
  },
  {
    name: 'refuses what cannot be asked for',
    steps: [
      ...shakeHands(),
      request(1, { url: 'ftp://example.test/x' }),
      expect('exact', refused(1, -32602, 'http/request only supports http and https URLs, got ftp')),
      request(2, { url: 'http://example.test/', redirectPolicy: 'always' }),
      expect(
        'shape',
        refused(2, -32602, text({ startsWith: 'unknown variant `always`, expected `follow` or `stop`' })),
      ),
      request(3, { url: 'example.test' }),
      expect('exact', refused(3, -32602, 'http/request url is invalid: relative URL without a base')),
      request(4, { url: 'http://example.test/', method: 'GET /' }),
      expect('exact', refused(4, -32602, 'http/request method is invalid: invalid HTTP method')),
      request(5, { url: 'http://example.test/', headers: [header('a b', '')] }),
      expect('exact', refused(5, -32602, 'http/request header name is invalid: invalid HTTP header name')),
      request(6, { url: 'http://example.test/', headers: [header('X-T', 'a\nb')] }),
      expect('exact', refused(6, -32602, 'http/request header value is invalid for X-T: failed to parse header value')),
      request(7, { url: 'http://example.test/', bodyBase64: '*' }),
      expect('shape', refused(7, -32602, text())),
      request(8, { url: 'http://', timeoutMs: 100 }),
      expect('exact', refused(8, -32602, 'http/request url is invalid: empty host')),
      ...[{ headers: null }, { redirectPolicy: null }, { streamResponse: null }, { requestId: null }].flatMap(
        (wrong, index) => [
          request(10 + index, { url: 'http://example.test/', ...wrong }),
          expect('shape', refused(10 + index, -32602, text())),
        ],
      ),
    ],
  },
  {
    name: 'takes header values from its environment, but not every one',
    steps: [
      ...shakeHands(),
      ...[
        ['EXECGATE_TEST_UNSET', 'requires executor environment variable EXECGATE_TEST_UNSET'],
        ['', 'requires executor environment variable '],
        ['OPENAI_API_KEY', 'cannot use executor environment variable OPENAI_API_KEY'],
        ['aws_session_token', 'cannot use executor environment variable aws_session_token'],
      ].flatMap(([valueEnvVar = '', why = ''], index) => [
        request(index, { url: 'http://example.test/', headers: [{ name: 'X-T', value: 'Bearer ', valueEnvVar }] }),
        expect('exact', refused(index, -32602, `http/request header X-T ${why}`)),
      ]),
    ],
  },
  {
    name: 'wants the handshake first',
    steps: [
      { on: 'main', step: 'connect' },
      request(1, { url: 'http://example.test/' }),
      expect('exact', refused(1, -32600, 'client must call initialize before using http methods')),
    ],
  },
]
