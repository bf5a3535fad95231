import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrivateAuthority } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { bodyText, endOf, fetchThrough } from '../support/http-calls.ts'
import { isInstalled } from '../support/installed-programs.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'
import { WebProxy } from '../support/web-proxy.ts'
import { type Answer, headerOf, WebServer } from '../support/web-server.ts'

const plain: Answer = ({ path }, _incoming, response) => response.end(`at ${path}`)

/** The connections that requests came on, each by the number of the first request on it. */
function connectionsOf({ seen }: WebServer): number[] {
  const ports = seen.map(({ remotePort }) => remotePort)
  return ports.map(port => ports.indexOf(port))
}

function uses({ gateway }: GatewayFixture): Record<string, number> {
  const { fetchConnections } = gateway.telemetry.instruments
  return Object.fromEntries((['new', 'reused', 'repeated'] as const).map(use => [use, fetchConnections.value({ use })]))
}

/** A server that is told what to do with each request, by its number among those of its connection. */
async function scripted(answer: (socket: Socket, index: number) => void) {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const server = createServer(socket => {
    sockets.add(socket)
    let index = 0
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', data => {
      requests.push(data.toString('latin1').split(' ')[0] ?? '')
      answer(socket, index++)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    requests,
    sockets,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine'

it('uses a connection again for the same caller and origin, and closes it with the caller', async () => {
  await using server = await WebServer.start(plain)
  await using gateway = await startGateway()
  const one = await gateway.connect()
  const other = await gateway.connect()
  await fetchThrough(one, { url: server.url('/a') })
  await fetchThrough(one, { url: server.url('/b') })
  await fetchThrough(other, { url: server.url('/c') })
  await fetchThrough(one, { url: server.url('/d', 'localhost') })
  await fetchThrough(one, { url: server.url('/e'), streamResponse: true, requestId: 's' })
  await endOf(one, 's')
  await fetchThrough(one, { url: server.url('/f'), method: 'HEAD' })
  expect(connectionsOf(server)).toEqual([0, 0, 2, 3, 0, 0])
  expect(uses(gateway)).toEqual({ new: 3, reused: 3, repeated: 0 })
  await one.cut()
  await other.cut()
  await eventually(() => server.sockets.size === 0, 'all connections are closed')
  expect(gateway.gateway.ledger.active('idle_connection')).toBe(0)
})

it('uses two connections for two requests at the same time, and one that has an answer to come for no other', async () => {
  await using server = await WebServer.start(({ path }, _incoming, response) => {
    if (path !== '/open') return response.end()
    response.writeHead(200)
    return response.write('begun')
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await fetchThrough(peer, { url: server.url('/open'), streamResponse: true, requestId: 's' })
  await fetchThrough(peer, { url: server.url('/') })
  await fetchThrough(peer, { url: server.url('/') })
  expect(connectionsOf(server)).toEqual([0, 1, 1])
})

it('sends what must not be asked twice on a new connection, which others may use after it', async () => {
  await using server = await WebServer.start(plain)
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  for (const method of ['GET', 'POST', 'PATCH', 'GET', 'DELETE'])
    await fetchThrough(peer, { url: server.url(), method })
  expect(connectionsOf(server)).toEqual([0, 1, 2, 2, 2])
})

it('leaves a connection alone that the server wants closed, at once or soon', async () => {
  await using server = await WebServer.start(({ path }, _incoming, response) => {
    if (path === '/soon') response.setHeader('keep-alive', 'timeout=1')
    else response.setHeader('connection', 'close')
    response.end()
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  for (const path of ['/', '/', '/soon', '/soon']) await fetchThrough(peer, { url: server.url(path) })
  expect(connectionsOf(server)).toEqual([0, 1, 2, 3])
})

describe('a connection that is closed right when it is used again', () => {
  it('costs a request nothing that may be asked twice', async () => {
    await using server = await scripted((socket, index) => (index === 0 ? socket.write(ok) : socket.resetAndDestroy()))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    for (let count = 0; count < 3; count++) expect(bodyText(await fetchThrough(peer, { url: server.url }))).toBe('fine')
    expect(server.requests).toHaveLength(5)
    expect(uses(gateway)).toEqual({ new: 1, reused: 2, repeated: 2 })
  })

  it('ends the request when something of the answer was there', async () => {
    await using server = await scripted((socket, index) => (index === 0 ? socket.write(ok) : socket.end('HTTP/1.1 2')))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url })
    await expect(fetchThrough(peer, { url: server.url })).rejects.toMatchObject({ code: -32603 })
    expect(server.requests).toHaveLength(2)
  })

  it('is not tried again when the new one breaks too', async () => {
    let count = 0
    await using server = await scripted(socket => (count++ === 0 ? socket.write(ok) : socket.resetAndDestroy()))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url })
    await expect(fetchThrough(peer, { url: server.url })).rejects.toMatchObject({ code: -32603 })
    expect(server.requests).toHaveLength(3)
  })

  it('is noticed before, where it was closed before', async () => {
    await using server = await scripted(socket => socket.write(ok))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url })
    for (const socket of server.sockets) socket.end()
    await eventually(() => gateway.gateway.ledger.active('idle_connection') === 0, 'the connection is forgotten')
    await fetchThrough(peer, { url: server.url })
    expect(uses(gateway)).toEqual({ new: 2, reused: 0, repeated: 0 })
  })
})

it('gets nothing of what a server sends unasked', async () => {
  await using server = await scripted((socket, index) =>
    socket.write(index === 0 ? ok + ok.replace('fine', 'evil') : ok),
  )
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  for (let count = 0; count < 4; count++) expect(bodyText(await fetchThrough(peer, { url: server.url }))).toBe('fine')
})

it('gives a server up in the middle of a body for the reply when the caller goes', async () => {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200)
    response.write('begun', () => {
      resolve()
    })
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  void fetchThrough(peer, { url: server.url() }).catch(() => {})
  await begun
  await peer.cut()
  await eventually(() => server.sockets.size === 0, 'the connection is closed')
  expect(gateway.gateway.ledger.active('idle_connection')).toBe(0)
})

it('shares no connection to a proxy that is told whole URLs', async () => {
  await using server = await WebServer.start(plain)
  await using proxy = await WebProxy.start(() => server.port)
  await using gateway = await startGateway({ fetching: { environment: { HTTP_PROXY: proxy.url() } } })
  const peer = await gateway.connect()
  for (const host of ['a', 'a', 'b']) await fetchThrough(peer, { url: `http://${host}.test/` })
  expect(uses(gateway)).toEqual({ new: 3, reused: 0, repeated: 0 })
  await eventually(() => proxy.connections === 0, 'all connections are closed')
})

describe.skipIf(!isInstalled('openssl'))('over TLS', () => {
  let authority: PrivateAuthority
  beforeAll(() => {
    authority = new PrivateAuthority()
  })
  afterAll(() => {
    authority[Symbol.dispose]()
  })

  it('uses a connection again, and the tunnel below it', async () => {
    await using server = await WebServer.start(plain, authority.server)
    await using proxy = await WebProxy.start(() => server.port)
    await using gateway = await startGateway({
      fetching: {
        environment: { HTTPS_PROXY: proxy.url(), NO_PROXY: '127.0.0.1', CODEX_CA_CERTIFICATE: authority.path },
      },
    })
    const peer = await gateway.connect()
    for (const host of ['127.0.0.1', '127.0.0.1']) await fetchThrough(peer, { url: server.url('/', host) })
    for (let count = 0; count < 3; count++) await fetchThrough(peer, { url: 'https://chatgpt.com/' })
    expect(connectionsOf(server)).toEqual([0, 0, 2, 2, 2])
    expect(proxy.asked).toEqual(['CONNECT chatgpt.com:443'])
  })

  describe.each(['localhost', '127.0.0.1'])('asks for a certificate of the name in the URL, %s', host => {
    it('whatever the host header says', async () => {
      await using server = await WebServer.start(plain, authority.server)
      await using gateway = await startGateway({ fetching: { environment: { CODEX_CA_CERTIFICATE: authority.path } } })
      const peer = await gateway.connect()
      for (const value of ['elsewhere.test', '[::1', '192.0.2.1']) {
        await fetchThrough(peer, { url: server.url('/', host), headers: [{ name: 'host', value }] })
      }
      expect(server.seen.flatMap(request => headerOf(request, 'host'))).toEqual(['elsewhere.test', '[::1', '192.0.2.1'])
      expect(connectionsOf(server)).toEqual([0, 0, 0])
    })

    it('and not of the one in the host header', async () => {
      using other = new PrivateAuthority('DNS:elsewhere.test')
      await using server = await WebServer.start(plain, other.server)
      await using gateway = await startGateway({ fetching: { environment: { CODEX_CA_CERTIFICATE: other.path } } })
      const request = { url: server.url('/', host), headers: [{ name: 'host', value: 'elsewhere.test' }] }
      await expect(fetchThrough(await gateway.connect(), request)).rejects.toMatchObject({
        message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
      })
      expect(server.seen).toEqual([])
    })
  })
})
