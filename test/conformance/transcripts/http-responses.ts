import { expect, refused, send, shakeHands } from '../lines.ts'
import { base64, type PatternObject, text } from '../patterns.ts'
import type { Step, Tag, Transcript } from '../transcript.ts'
import type { WebAnswers } from '../web.ts'

/** What a server says, and what comes of it: status, headers, body. */
interface Told {
  readonly says: readonly string[]
  readonly status: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  readonly method?: string
}

const told: Readonly<Record<string, Told>> = {
  '/chunks': {
    says: ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '3;x=y', 'abc', '2', 'de', '0', 'trailer: t', '', ''],
    status: 200,
    headers: [['transfer-encoding', 'chunked']],
    body: 'abcde',
  },
  '/until-the-end': { says: ['HTTP/1.1 200 OK', '', 'to the end'], status: 200, body: 'to the end' },
  '/old': { says: ['HTTP/1.0 200 OK', '', 'old'], status: 200, body: 'old' },
  '/no-content': { says: ['HTTP/1.1 204 No Content', 'x: y', '', ''], status: 204, headers: [['x', 'y']] },
  '/not-modified': {
    says: ['HTTP/1.1 304 Not Modified', 'content-length: 10', 'etag: "x"', '', ''],
    status: 304,
    headers: [
      ['content-length', '10'],
      ['etag', '"x"'],
    ],
  },
  '/head': {
    says: ['HTTP/1.1 200 OK', 'content-length: 100', '', ''],
    status: 200,
    headers: [['content-length', '100']],
    method: 'HEAD',
  },
  '/hints': {
    says: ['HTTP/1.1 103 Early Hints', 'link: a', '', 'HTTP/1.1 200 OK', 'content-length: 1', '', 'x'],
    status: 200,
    headers: [['content-length', '1']],
    body: 'x',
  },
  '/odd-status': {
    says: ['HTTP/1.1 999', 'content-length: 0', '', ''],
    status: 999,
    headers: [['content-length', '0']],
  },
  '/odd-headers': {
    says: [
      'HTTP/1.1 200 OK',
      'X-B:1',
      'x-a: a\tb',
      'x-b:  3  ',
      'odd: \u{1f600}',
      'empty:',
      'content-length: 0',
      '',
      '',
    ],
    status: 200,
    headers: [
      ['x-b', '1'],
      ['x-b', '3'],
      ['x-a', 'a\tb'],
      ['empty', ''],
      ['content-length', '0'],
    ],
  },
  '/compressed': {
    says: ['HTTP/1.1 200 OK', 'content-encoding: gzip', 'content-length: 8', '', 'not gzip'],
    status: 200,
    headers: [
      ['content-encoding', 'gzip'],
      ['content-length', '8'],
    ],
    body: 'not gzip',
  },
  '/multiple': {
    says: ['HTTP/1.1 300 Multiple Choices', 'location: /old', 'content-length: 0', '', ''],
    status: 300,
    headers: [
      ['location', '/old'],
      ['content-length', '0'],
    ],
  },
  '/unusable': {
    says: ['HTTP/1.1 302 Found', 'location: http://[', 'content-length: 0', '', ''],
    status: 302,
    headers: [
      ['location', 'http://['],
      ['content-length', '0'],
    ],
  },
}

/** What is no response: fails before its headers, or in its body. */
const broken = {
  headers: {
    '/silence': '',
    '/something-else': 'SSH-2.0-OpenSSH\r\n',
    '/folded': 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n',
    '/blank-in-name': 'HTTP/1.1 200 OK\r\nx y: a\r\ncontent-length: 0\r\n\r\n',
    '/no-status': 'HTTP/1.1 099 None\r\ncontent-length: 0\r\n\r\n',
  },
  body: {
    '/short': 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc',
    '/short-chunks': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
    '/odd-chunks': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  },
}

/** Which of two readings of a response is right cannot be told; see docs/compatibility.md. */
const ambiguous = {
  '/bare-line-feeds': 'HTTP/1.1 200 OK\ncontent-length: 1\n\nx',
  '/length-twice': 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx',
}

const asks = (id: number, path: string, method = 'GET'): Step =>
  send({ id, method: 'http/request', params: { method, url: `<web>${path}`, requestId: 'r', timeoutMs: 5000 } })

const fails = (id: number, path: string, startsWith: string, tag: Tag = 'exact'): Step[] => [
  asks(id, path),
  expect(tag, refused(id, -32603, text({ startsWith }))),
]

const answers = (id: number, path: string, { status, headers = [], body = '', method }: Told): Step[] => {
  const named = headers.map(([name, value]): PatternObject => ({ name, value }))
  return [asks(id, path, method), expect('exact', { id, result: { status, headers: named, bodyBase64: base64(body) } })]
}

const web: WebAnswers = Object.fromEntries(Object.entries(told).map(([path, { says }]) => [path, says.join('\r\n')]))

export const httpResponses: readonly Transcript[] = [
  {
    name: 'brings back whatever a server may say',
    web,
    steps: [...shakeHands(), ...Object.entries(told).flatMap(([path, what], id) => answers(id, path, what))],
  },
  {
    name: 'tells what is no response from what is not a whole one',
    web: { ...broken.headers, ...broken.body },
    steps: [
      ...shakeHands(),
      ...Object.keys(broken.headers).flatMap((path, index) => fails(index, path, 'http/request failed: ')),
      ...Object.keys(broken.body).flatMap((path, index) =>
        fails(100 + index, path, 'failed to read http/request response body: '),
      ),
    ],
  },
  {
    name: 'takes no response that can be read in two ways',
    web: ambiguous,
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...Object.keys(ambiguous).flatMap((path, index) => fails(index, path, 'http/request failed: ')),
    ],
  },
]
