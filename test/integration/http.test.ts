import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type IncomingMessage, request, type Server } from 'node:http'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { textPage } from '../../src/gateway/pages.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

/** Status of an upgrade that is refused. */
async function refusal(url: string, headers: Record<string, string> = {}): Promise<string> {
  try {
    await using _peer = await Peer.open(url, { headers })
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}

it.each([
  ['GET', '/readyz', 200],
  ['HEAD', '/readyz', 200],
  ['POST', '/readyz', 405],
  ['GET', '/livez', 200],
  ['GET', '/', 400],
  ['HEAD', '/', 405],
  ['POST', '/', 405],
  ['PUT', '/', 405],
  ['DELETE', '/', 405],
  ['GET', '/nothing', 404],
  ['GET', '/metrics', 404],
])('answers %s %s with %i', async (method, path, status) => {
  await using gateway = await startGateway()
  const response = await fetch(gateway.url.replace('ws', 'http') + path, { method })
  expect(response.status).toBe(status)
  expect(await response.text()).toBe('')
})

it('refuses whatever comes from a browser', async () => {
  await using gateway = await startGateway()
  const origin = { origin: 'http://localhost' }
  expect((await fetch(`${gateway.url.replace('ws', 'http')}/readyz`, { headers: origin })).status).toBe(403)
  expect(await refusal(gateway.url, origin)).toContain('403')
  expect(await refusal(`${gateway.url}/elsewhere`, origin)).toContain('403')
  const { connectionsRejected } = gateway.gateway.telemetry.instruments
  expect(connectionsRejected.value({ reason: 'origin' })).toBe(2)
})

it('upgrades on / alone', async () => {
  await using gateway = await startGateway()
  expect(await refusal(`${gateway.url}/readyz`)).toContain('404')
  expect(await refusal(`${gateway.url}/nothing`)).toContain('404')
  expect(await refusal(`${gateway.url}/?query=ignored`)).toBe('accepted')
})

it('selects no subprotocol and no extension, whatever is offered', async () => {
  await using gateway = await startGateway()
  const asked = request(gateway.url.replace('ws', 'http'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'mine, theirs',
      'sec-websocket-extensions': 'permessage-deflate',
    },
  }).end()
  const [response, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, net.Socket]
  socket.destroy()
  expect(response.statusCode).toBe(101)
  expect(Object.keys(response.headers).toSorted()).toEqual(['connection', 'sec-websocket-accept', 'upgrade'])
})

// The second asks in HTTP/0.9, for a path that no percent-decoding takes.
it.each(['/% HTTP/1.1', '/%HTTP/1.1', '/%ff HTTP/1.1', '* HTTP/1.1', '/nothing HTTP/1.1'])(
  'ends the connection of an upgrade that it refuses: GET %s',
  async target => {
    await using gateway = await startGateway()
    const { hostname, port } = new URL(gateway.url)
    const socket = net.connect(Number(port), hostname)
    const upgrade = 'Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
    socket.write(`GET ${target}\r\n${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
    // Read to the end, which only the gateway brings about.
    const [answer] = (await socket.toArray()) as Buffer[]
    expect(answer?.toString()).toMatch(/^HTTP\/1.1 40[04] /)
  },
)

/** Everything the gateway answers to bytes that are sent at once, until it ends the connection. */
async function answersTo(url: string, sent: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  const answers: Buffer[] = []
  socket.on('data', (bytes: Buffer) => answers.push(bytes))
  // Cut in the middle of what it has not read.
  socket.on('error', () => {})
  socket.write(sent)
  await new Promise(resolve => socket.once('close', resolve))
  return Buffer.concat(answers).toString()
}

const ready = 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Where clients connect, and where operators do. */
async function startListener(which: string) {
  const fixture = await startGateway()
  const operators = async () =>
    await fixture.gateway.listenForOperators({ host: '127.0.0.1', port: 0, pages: new Map() })
  return {
    url: which === 'clients' ? fixture.url : await operators(),
    cut: () => fixture.gateway.telemetry.instruments.connectionsRejected.value({ reason: 'pipelining' }),
    limitReached: () => fixture.gateway.telemetry.instruments.limitsReached.value({ limit: 'maxConnections' }),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  }
}

describe.each(['clients', 'operators'])('on the port of %s', which => {
  /** Operators' ones are no connections of clients. */
  const counted = which === 'clients' ? 1 : 0

  it('a connection that asks for an upgrade before it has its answer is ended', async () => {
    await using listener = await startListener(which)
    const upgrade = 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: close, Upgrade\r\n'
    const answers = await answersTo(listener.url, `${ready}${upgrade}Sec-WebSocket-Version: 13\r\n\r\n`)
    expect(answers).not.toContain('101 Switching')
    expect(listener.cut()).toBe(counted)
  })

  it('sixteen requests at once are answered, and a connection that sends more is ended', async () => {
    await using listener = await startListener(which)
    const last = ready.replace('Host', 'Connection: close\r\nHost')
    const answered = await answersTo(listener.url, ready.repeat(15) + last)
    expect(answered.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(16)
    await answersTo(listener.url, ready.repeat(40))
    expect(listener.cut()).toBe(counted)
    expect(listener.limitReached()).toBe(0)
  })

  it('a request that never comes to its end is not waited for without end', async () => {
    await using listener = await startListener(which)
    const servers: Server[] = []
    const note = (message: unknown) => servers.push((message as { server: Server }).server)
    subscribe('http.server.request.start', note)
    await fetch(new URL('/readyz', listener.url.replace('ws', 'http')))
    unsubscribe('http.server.request.start', note)
    expect(servers).toHaveLength(1)
    expect(servers[0]?.requestTimeout).toBe(60_000)
  })

  it.each(['h2c', 'TLS/1.0'])('a request that would rather speak %s is answered', async protocol => {
    await using listener = await startListener(which)
    const upgrade = `GET /readyz HTTP/1.1\r\nHost: localhost\r\nUpgrade: ${protocol}\r\nConnection: close, Upgrade\r\n\r\n`
    expect(await answersTo(listener.url, upgrade)).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  it('any number of requests are answered one after the other', async () => {
    await using listener = await startListener(which)
    const { hostname, port } = new URL(listener.url)
    await using socket = net.connect(Number(port), hostname)
    for (let count = 0; count < 40; count++) {
      socket.write(ready)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1.1 200 OK/)
    }
  })
})

it('refuses connections beyond its limit, and accepts again when one has left', async () => {
  await using gateway = await startGateway({ limits: { maxConnections: 1 } })
  const only = await gateway.connect()
  expect(await refusal(gateway.url)).toContain('503')
  expect((await fetch(`${gateway.url.replace('ws', 'http')}/readyz`)).status).toBe(200)
  only.socket.close()
  await only.closed
  await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'the connection is over')
  const next = await gateway.connect(only.sessionId)
  expect(next.sessionId).toBe(only.sessionId)
  expect(gateway.gateway.telemetry.instruments.connectionsRejected.value({ reason: 'limit' })).toBe(1)
})

it('counts those it has no socket for', async () => {
  await using gateway = await startGateway({ limits: { maxConnections: 1 } })
  const { hostname, port } = new URL(gateway.url)
  await using sockets = new AsyncDisposableStack()
  for (let count = 0; count < 1 + 64; count++) {
    await once(sockets.use(net.connect(Number(port), hostname)), 'connect')
  }
  await using refused = net.connect(Number(port), hostname)
  refused.on('error', () => {})
  await once(refused, 'close')
  expect(gateway.gateway.telemetry.instruments.connectionsRejected.value({ reason: 'limit' })).toBe(1)
})

it('serves operators on a port of their own', async () => {
  await using gateway = await startGateway()
  const pages = new Map([['/metrics', () => textPage(200, 'numbers')]])
  const { host, port } = { host: '127.0.0.1', port: 0 }
  const base = await gateway.gateway.listenForOperators({ host, port, pages })
  const get = async (path: string, headers = {}) => {
    const response = await fetch(base + path, { headers })
    return `${response.status} ${await response.text()}`
  }
  expect(await get('/metrics')).toBe('200 numbers\n')
  expect(await get('/livez')).toBe('200 ok\n')
  expect(await get('/readyz')).toBe('200 ok\n')
  expect(await get('/other')).toBe('404 ')
  expect(await get('/metrics', { origin: 'http://localhost' })).toBe('403 ')
})
