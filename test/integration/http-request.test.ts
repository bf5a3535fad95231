import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { closedPort } from '../support/closed-port.ts'
import { eventually } from '../support/eventually.ts'
import { failureOf } from '../support/failure-of.ts'
import { fakeTimers } from '../support/fake-timers.ts'
import { bodyText, fetchThrough, valuesIn } from '../support/http-calls.ts'
import { startGateway } from '../support/start-gateway.ts'
import { headerOf, WebServer } from '../support/web-server.ts'

it('sends what the caller says and brings back what the server answers', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(201, ['Content-Type', 'text/plain', 'X-A', '1', 'X-B', '2', 'x-a', '3'])
    response.end('response-body')
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const response = await fetchThrough(peer, {
    method: 'POST',
    url: `${server.url('/mcp?case=a')}#fragment`,
    headers: [
      { name: 'X-Twice', value: 'one' },
      { name: 'X-Between', value: 'grüße' },
      { name: 'x-twice', value: 'two' },
    ],
    bodyBase64: Buffer.from('request-body').toString('base64'),
  })
  expect(response.status).toBe(201)
  expect(bodyText(response)).toBe('response-body')
  expect(response.headers.slice(0, 4)).toEqual([
    { name: 'content-type', value: 'text/plain' },
    { name: 'x-a', value: '1' },
    { name: 'x-a', value: '3' },
    { name: 'x-b', value: '2' },
  ])

  const [seen] = server.seen
  expect(seen).toMatchObject({ method: 'POST', path: '/mcp?case=a' })
  expect(seen?.body.toString()).toBe('request-body')
  expect(seen?.rawHeaders.filter((_value, index) => index % 2 === 0)).toEqual([
    'host',
    'connection',
    'x-twice',
    'x-twice',
    'x-between',
    'accept',
    'content-length',
  ])
  expect(seen && headerOf(seen, 'x-twice')).toEqual(['one', 'two'])
  expect(Buffer.from(seen ? (headerOf(seen, 'x-between')[0] ?? '') : '', 'latin1').toString()).toBe('grüße')
})

it('adds no header that the caller did not ask for, and sends methods as they are', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end())
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await fetchThrough(peer, { method: 'get', url: server.url() }).catch(() => {})
  await fetchThrough(peer, { method: 'PURGE', url: server.url(), headers: [{ name: 'Accept', value: 'a/b' }] })
  const purge = server.seen.find(({ method }) => method === 'PURGE')
  expect(purge?.rawHeaders).toEqual(['host', `127.0.0.1:${server.port}`, 'connection', 'keep-alive', 'accept', 'a/b'])
})

it('asks for an empty query where the URL has one', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end())
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  for (const target of ['/a?', '/?#b', '/a#', '/a??']) await fetchThrough(peer, { url: server.url(target) })
  expect(server.seen.map(({ path }) => path)).toEqual(['/a?', '/?', '/a', '/a??'])
})

it.each([204, 304])('brings back a %i without a body', async status => {
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(status, { etag: '"x"' }).end()
  })
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), { url: server.url() })
  expect(response).toMatchObject({ status, bodyBase64: '' })
  expect(valuesIn(response, 'etag')).toEqual(['"x"'])
})

it('answers HEAD without waiting for a body', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200, { 'content-length': '1000' }).end()
  })
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), { method: 'HEAD', url: server.url() })
  expect(response).toMatchObject({ status: 200, bodyBase64: '' })
  expect(valuesIn(response, 'content-length')).toEqual(['1000'])
})

it('puts chunks together and leaves compressed bodies as they are', async () => {
  const notGzip = Buffer.from('not gzip at all')
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.write(notGzip.subarray(0, 5))
    response.end(notGzip.subarray(5))
  })
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), { url: server.url() })
  expect(bodyText(response)).toBe('not gzip at all')
  expect(valuesIn(response, 'content-encoding')).toEqual(['gzip'])
  expect(valuesIn(response, 'transfer-encoding')).toEqual(['chunked'])
})

it('takes headers of hundreds of kilobytes, and drops values that are not ASCII', async () => {
  const large = 'x'.repeat(300_000)
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200, { large, odd: 'caf\u00e9', plain: 'a b' }).end()
  })
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), { url: server.url() })
  expect(valuesIn(response, 'large')).toEqual([large])
  expect(valuesIn(response, 'plain')).toEqual(['a b'])
  expect(valuesIn(response, 'odd')).toEqual([])
})

it('refuses headers beyond that', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200, { large: 'x'.repeat(600_000) }).end()
  })
  await using gateway = await startGateway()
  await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject({
    code: -32603,
    message: 'http/request failed: the headers of the response are too large',
  })
})

it('sends user and password of the URL as basic authentication, unless the caller has a better one', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end())
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const url = `http://me:p%40ss@127.0.0.1:${server.port}/`
  await fetchThrough(peer, { url })
  await fetchThrough(peer, { url, headers: [{ name: 'authorization', value: 'Bearer t' }] })
  expect(server.seen.map(seen => headerOf(seen, 'authorization'))).toEqual([
    [`Basic ${Buffer.from('me:p@ss').toString('base64')}`],
    ['Bearer t'],
  ])
})

describe('a body for the reply', () => {
  it('is refused when no reply can hold it', async () => {
    const chunk = Buffer.alloc(1024 * 1024)
    await using server = await WebServer.start((_request, _incoming, response) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await expect(fetchThrough(peer, { url: server.url() })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('failed to read http/request response body: it has more than') as string,
      data: { limit: { name: 'maxBufferedBodyBytes', value: 12_189_696 } },
    })
    expect(gateway.gateway.ledger.active('fetch')).toBe(0)
  })

  it('that is cut short is an error', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('hello')
      setImmediate(() => response.destroy())
    })
    await using gateway = await startGateway()
    await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('failed to read http/request response body: ') as string,
    })
  })
})

describe('the deadline', () => {
  it('holds for a server that never answers', async () => {
    await using server = await WebServer.start(() => {})
    await using gateway = await startGateway()
    await expect(fetchThrough(await gateway.connect(), { url: server.url(), timeoutMs: 50 })).rejects.toMatchObject({
      code: -32603,
      message: 'http/request failed: operation timed out',
    })
  })

  it('holds for a server that does not finish', async () => {
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.writeHead(200)
      response.write('begun', () => {
        resolve()
      })
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    fakeTimers()
    const failure = failureOf(fetchThrough(peer, { url: server.url(), timeoutMs: 100 }))
    await begun
    // What it has said has reached the gateway by the time that the gateway answers to what is asked later.
    await peer.call('environment/status', {})
    await vi.advanceTimersByTimeAsync(100)
    expect(await failure).toMatchObject({
      code: -32603,
      message: 'failed to read http/request response body: operation timed out',
    })
  })

  it('of zero is over at once', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => response.end())
    await using gateway = await startGateway()
    await expect(fetchThrough(await gateway.connect(), { url: server.url(), timeoutMs: 0 })).rejects.toMatchObject({
      message: 'http/request failed: operation timed out',
    })
    expect(server.seen).toEqual([])
  })
})

describe('what cannot be reached', () => {
  it('is told in words that name neither host nor path', async () => {
    const url = `http://${await closedPort()}/secret?token=t`
    await using gateway = await startGateway()
    await expect(fetchThrough(await gateway.connect(), { url })).rejects.toMatchObject({
      code: -32603,
      message: 'http/request failed: connection refused',
    })
  })

  it.each(['220 smtp ready\r\n', 'HTTP/1.1 099 None\r\n\r\n'])(
    'is no HTTP when it does not look like it: %j',
    async says => {
      await using acquired = new AsyncDisposableStack()
      const server = createServer(socket => socket.on('error', () => {}).end(says)).listen(0, '127.0.0.1')
      acquired.defer(() => void server.close())
      await once(server, 'listening')
      await using gateway = await startGateway()
      const { port } = server.address() as AddressInfo
      await expect(fetchThrough(await gateway.connect(), { url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
        message: 'http/request failed: the response is not HTTP',
      })
    },
  )
})

it('takes no more than the configured number at the same time, and more once one has been answered', async () => {
  const answers: (() => void)[] = []
  await using server = await WebServer.start((_request, _incoming, response) => {
    answers.push(() => response.end())
  })
  await using gateway = await startGateway({ limits: { maxFetches: 1 } })
  const peer = await gateway.connect()
  const first = fetchThrough(peer, { url: server.url() })
  await expect(fetchThrough(peer, { url: server.url() })).rejects.toMatchObject({
    code: -32603,
    data: { limit: { name: 'maxFetches', value: 1 } },
  })
  await eventually(() => answers.length === 1, 'the first has arrived')
  answers[0]?.()
  expect((await first).status).toBe(200)
  const second = fetchThrough(peer, { url: server.url() })
  await eventually(() => answers.length === 2, 'the second has arrived')
  answers[1]?.()
  expect((await second).status).toBe(200)
})

it('gives up a request whose caller has gone', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  await using server = await WebServer.start(() => {
    resolve()
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  void fetchThrough(peer, { url: server.url() }).catch(() => {})
  await asked
  await peer.cut()
  await eventually(() => server.sockets.size === 0, 'the connection to the server is closed')
  expect(gateway.gateway.ledger.active('fetch')).toBe(0)
  expect(gateway.gateway.telemetry.instruments.fetches.value({ mode: 'buffered', result: 'cancelled' })).toBe(1)
})
