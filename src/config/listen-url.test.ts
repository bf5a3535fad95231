import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopback, parseListenUrl } from './listen-url.ts'

describe('the listen URL', () => {
  test.each(['stdio', 'stdio://'])('%s is the stdio transport', text => {
    expect(parseListenUrl(text)).toEqual({ transport: 'stdio' })
  })

  test.each([
    ['ws://127.0.0.1:0', '127.0.0.1', 0],
    ['ws://0.0.0.0:8080', '0.0.0.0', 8080],
    ['ws://[::1]:0', '::1', 0],
    ['ws://[::]:65535', '::', 65_535],
    ['ws://[::ffff:127.0.0.1]:7777', '::ffff:127.0.0.1', 7777],
    ['ws://127.0.0.1:007777', '127.0.0.1', 7777],
  ])('%s is a socket address', (text, host, port) => {
    expect(parseListenUrl(text)).toEqual({ transport: 'websocket', host, port })
  })

  test.each([
    'ws://',
    'ws://localhost:1234',
    'ws://127.0.0.1',
    'ws://127.0.0.1:',
    'ws://127.0.0.1:1234/',
    'ws://127.0.0.1:1234/path',
    'ws://127.0.0.1:65536',
    'ws://127.0.0.1:-1',
    'ws://127.0.0.1:+1',
    'ws://127.0.0.1:0 ',
    'ws://127.0.0.1:0\n',
    'ws:// 127.0.0.1:0',
    'ws://127.0.0.01:0',
    'ws://127.1:0',
    'ws://256.0.0.1:0',
    'ws://::1:0',
    'ws://[127.0.0.1]:0',
    'ws://[::1]',
    'ws://[fe80::1%1]:0',
    'ws://user@127.0.0.1:0',
  ])('%j is no IP and port', text => {
    expect(parseListenUrl(text)).toEqual({
      problem: `invalid websocket --listen URL \`${text}\`; expected \`ws://IP:PORT\``,
    })
  })

  test.each(['', 'http://127.0.0.1:1', 'wss://127.0.0.1:1', 'WS://127.0.0.1:1', 'stdio:', 'STDIO', '127.0.0.1:1'])(
    '%j is an unsupported URL',
    text => {
      expect(parseListenUrl(text)).toEqual({
        problem: `unsupported --listen URL \`${text}\`; expected \`ws://IP:PORT\` or \`stdio\``,
      })
    },
  )

  test('every IP address with every port is accepted', () => {
    const literal = fc.oneof(
      fc.ipV4().map(host => ({ host, written: host })),
      fc.ipV6().map(host => ({ host, written: `[${host}]` })),
    )
    fc.assert(
      fc.property(literal, fc.integer({ min: 0, max: 65_535 }), ({ host, written }, port) => {
        expect(parseListenUrl(`ws://${written}:${port}`)).toEqual({ transport: 'websocket', host, port })
      }),
    )
  })
})

describe('loopback', () => {
  test.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:2'])(
    '%s is reachable from this machine only',
    host => {
      expect(isLoopback(host)).toBe(true)
    },
  )

  test.each(['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', '::ffff:10.0.0.1', '::127.0.0.1', 'localhost', ''])(
    '%j may be reachable from elsewhere',
    host => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})
