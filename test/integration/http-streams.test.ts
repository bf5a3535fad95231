import { describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { fakeTimers } from '../support/fake-timers.ts'
import { deltasOf, endOf, fetchThrough, streamedBytes } from '../support/http-calls.ts'
import { defaultLimits, type GatewayFixture, startGateway } from '../support/start-gateway.ts'
import { type Answer, WebServer } from '../support/web-server.ts'

/** Writes for as long as somebody reads. */
const endless: Answer = (_request, _incoming, response) => {
  const chunk = Buffer.alloc(256 * 1024, 'x')
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

/** Whether some connection takes no more. */
function isFull({ gateway }: GatewayFixture): boolean {
  return Iterator.from(gateway.connections()).some(({ delivery }) => !delivery.hasRoom)
}

function queuedBytes({ gateway }: GatewayFixture): number {
  return Math.max(0, ...Iterator.from(gateway.connections()).map(connection => connection.queuedBytes))
}

it('answers before it sends the body, in numbered pieces that end with a last one', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('hello ')
    setImmediate(() => response.end('world'))
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const response = await fetchThrough(peer, { url: server.url(), requestId: 'http-1', streamResponse: true })
  expect(response).toMatchObject({ status: 200, bodyBase64: '' })
  const end = await endOf(peer, 'http-1')
  expect(end.params).toEqual({ requestId: 'http-1', seq: end.params.seq, deltaBase64: '', done: true, error: null })
  const replyAt = peer.received.findIndex(({ result }) => result?.status === 200)
  const deltas = deltasOf(peer, 'http-1')
  expect(peer.received.indexOf(deltas[0] ?? {})).toBeGreaterThan(replyAt)
  expect(deltas.map(({ params }) => params.seq as number)).toEqual(deltas.map((_delta, index) => index + 1))
  expect(streamedBytes(peer, 'http-1').toString()).toBe('hello world')
})

it('brings megabytes complete and in order, in pieces of at most one mebibyte', async () => {
  const content = Buffer.alloc(20 * 1024 * 1024)
  for (let offset = 0; offset < content.length; offset += 4) content.writeUInt32LE(offset, offset)
  await using server = await WebServer.start((_request, _incoming, response) => response.end(content))
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true })
  expect((await endOf(peer, 's')).params.error).toBeNull()
  const sizes = deltasOf(peer, 's').map(({ params }) => Buffer.byteLength(params.deltaBase64 as string, 'base64'))
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024)
  expect(streamedBytes(peer, 's').equals(content)).toBe(true)
  expect(gateway.gateway.telemetry.instruments.fetchBytes.value({ direction: 'received' })).toBe(content.length)
})

it('refuses a name that is taken, and gives it back with the end of the stream', async () => {
  const { promise: ending, resolve: end } = Promise.withResolvers<void>()
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(200)
    response.write('begun')
    void ending.then(() => response.end())
  })
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const asked = { url: server.url(), requestId: 's', streamResponse: true }
  await fetchThrough(peer, asked)
  await expect(fetchThrough(peer, asked)).rejects.toMatchObject({
    code: -32602,
    message: 'http/request streamResponse requestId `s` is already active',
  })
  const other = await gateway.connect()
  expect(await fetchThrough(other, asked)).toMatchObject({ status: 200 })
  expect(await peer.call('environment/status', {})).toEqual({ status: 'ready' })
  end()
  await endOf(peer, 's')
  expect(await fetchThrough(peer, asked)).toMatchObject({ status: 200 })
})

it('gives the name of a request back that fails', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end('fine'))
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const asked = { url: server.url(), requestId: 's', streamResponse: true }
  await expect(fetchThrough(peer, { ...asked, method: 'no token' })).rejects.toMatchObject({ code: -32602 })
  await expect(fetchThrough(peer, { ...asked, timeoutMs: 0 })).rejects.toMatchObject({ code: -32603 })
  expect(await fetchThrough(peer, asked)).toMatchObject({ status: 200 })
  await endOf(peer, 's')
})

describe('a stream that breaks', () => {
  it('says so in its last piece', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.writeHead(200)
      response.write('hello', () => response.destroy())
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true })
    expect((await endOf(peer, 's')).params).toMatchObject({
      deltaBase64: '',
      error: expect.stringContaining('failed to read http/request response body: ') as string,
    })
    expect(streamedBytes(peer, 's').toString()).toBe('hello')
  })

  it('at its deadline says that', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.writeHead(200)
      response.write('hello')
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    fakeTimers()
    await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true, timeoutMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    expect((await endOf(peer, 's')).params.error).toMatch(/operation timed out$/)
    expect(gateway.gateway.telemetry.instruments.fetches.value({ mode: 'streamed', result: 'timeout' })).toBe(1)
  })
})

describe('a client that does not read', () => {
  it('holds the server back, at a bounded cost, and disturbs nobody', async () => {
    await using server = await WebServer.start(endless)
    await using gateway = await startGateway()
    const stuck = await gateway.connect()
    stuck.consume('http/request/bodyDelta', () => {})
    await fetchThrough(stuck, { url: server.url(), requestId: 's', streamResponse: true })
    stuck.socket.pause()
    await eventually(() => isFull(gateway), 'the connection is full')
    const other = await gateway.connect()
    expect((await other.run('p', 'seq 1 10000 | tail -n 1')).stdout).toBe('10000\n')
    // What is unconfirmed, queued and read ahead, and what the operating system keeps.
    const received = gateway.gateway.telemetry.instruments.fetchBytes.value({ direction: 'received' })
    expect(received).toBeLessThan(32 * 1024 * 1024)
    expect(queuedBytes(gateway)).toBeLessThan(defaultLimits.outputInFlightBytes + 1024 * 1024)
  })

  it('gets everything once it reads again', async () => {
    const content = Buffer.alloc(30 * 1024 * 1024, 'abc')
    await using server = await WebServer.start((_request, _incoming, response) => response.end(content))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true })
    peer.socket.pause()
    await eventually(() => isFull(gateway), 'the connection is full')
    peer.socket.resume()
    await endOf(peer, 's')
    expect(streamedBytes(peer, 's').equals(content)).toBe(true)
  })
})

it('serves many streams at once, each to its end', async () => {
  const content = Buffer.alloc(2 * 1024 * 1024, 'x')
  await using server = await WebServer.start((_request, _incoming, response) => response.end(content))
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const ids = Array.from({ length: 12 }, (_, index) => `http-${index}`)
  await Promise.all(ids.map(requestId => fetchThrough(peer, { url: server.url(), requestId, streamResponse: true })))
  for (const id of ids) {
    expect((await endOf(peer, id)).params.error).toBeNull()
    expect(streamedBytes(peer, id).length).toBe(content.length)
  }
})

describe('a client that goes away in the middle', () => {
  it('ends the request to the server', async () => {
    await using server = await WebServer.start(endless)
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true })
    await peer.cut()
    await eventually(() => server.sockets.size === 0, 'the connection to the server is closed')
    expect(gateway.gateway.ledger.active('fetch')).toBe(0)
    expect(gateway.gateway.telemetry.instruments.fetches.value({ mode: 'streamed', result: 'cancelled' })).toBe(1)
  })

  it('ends it although nothing comes from the server', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.writeHead(200)
      response.write('begun')
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await fetchThrough(peer, { url: server.url(), requestId: 's', streamResponse: true })
    await peer.cut()
    await eventually(() => server.sockets.size === 0, 'the connection to the server is closed')
    expect(gateway.gateway.ledger.active('fetch')).toBe(0)
  })

  it('does not take its streams along to the session it resumes', async () => {
    await using server = await WebServer.start(endless)
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const asked = { url: server.url(), requestId: 's', streamResponse: true }
    await fetchThrough(peer, asked)
    await peer.cut()
    const again = await gateway.connect(peer.sessionId)
    again.consume('http/request/bodyDelta', () => {})
    expect(await fetchThrough(again, asked)).toMatchObject({ status: 200 })
  })
})
