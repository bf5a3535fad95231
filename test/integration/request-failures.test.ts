import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CollectedText } from '../support/collected-text.ts'
import { eventually } from '../support/eventually.ts'
import type { Peer } from '../support/peer.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

const params = { processId: 'p', argv: ['sleep', '60'], cwd: 'file:///tmp', env: { PATH: '/usr/bin:/bin' }, tty: false }

describe('a request on which the gateway fails', () => {
  it('is answered without a word of why, and costs neither the connection nor the session', async () => {
    let isBroken = false
    await using gateway = await startGateway({
      markers: () => {
        if (isBroken) throw new Error('a secret of the gateway')
        return new Map()
      },
    })
    const peer = await gateway.connect()
    await peer.call('process/start', params)
    isBroken = true
    const { error } = await peer.request('process/start', { ...params, processId: 'q' })
    expect(error).toMatchObject({ code: -32603, message: 'internal error' })
    const { requestErrors } = gateway.gateway.telemetry.instruments
    expect(requestErrors.value({ kind: 'internal' })).toBe(1)
    await peer.cut()
    isBroken = false
    const next = await gateway.connect(peer.sessionId)
    expect(await next.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
    // Nothing is left of the start that failed.
    await next.call('process/start', { ...params, processId: 'q' })
  })
})

const long = 'a'.repeat(1_000_000)
const request = { method: 'GET', url: 'http://127.0.0.1:1/', requestId: 'r' }

it.each([
  ['process/start', { ...params, cwd: `file://host/${long}` }],
  ['http/request', { ...request, headers: [{ name: long, value: '\n' }] }],
  ['http/request', { ...request, headers: [{ name: long, value: '', valueEnvVar: long }] }],
] as const)('an error of %s repeats little of what was sent', async (method, refused) => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const { error } = await peer.request(method, refused)
  expect(error).toMatchObject({ code: -32602 })
  expect(JSON.stringify(error).length).toBeLessThan(50_000)
})

describe('a start whose connection breaks', () => {
  /** What a client finds that comes back: a process that runs, or an id that is free. */
  async function outcome(peer: Peer): Promise<'running' | 'free'> {
    const { result, error } = await peer.request('process/read', { processId: 'p' })
    if (result !== undefined) return 'running'
    expect(error).toMatchObject({ code: -32600, message: 'unknown process id p' })
    await peer.call('process/start', params)
    return 'free'
  }

  it('has taken place or has not, and is never half done', async () => {
    await using gateway = await startGateway()
    const outcomes = new Set<string>()
    for (const isReceived of [true, false]) {
      const peer = await gateway.connect()
      const sent = new Promise(resolve => {
        peer.socket.send(JSON.stringify({ id: 'start', method: 'process/start', params }), resolve)
        if (!isReceived) peer.socket.terminate()
      })
      if (isReceived) {
        await sent
        await eventually(() => gateway.gateway.ledger.active('process') === 1, 'the process runs')
      }
      await peer.cut()
      await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'the connection is over')
      const next = await gateway.connect(peer.sessionId)
      outcomes.add(await outcome(next))
      expect((await next.request('process/start', params)).error?.message).toBe('process p already exists')
      expect(await next.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
      await next.event('p', 'process/closed')
      await next.cut()
      await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'the connection is over')
    }
    expect(outcomes).toContain('running')
  })
})

describe('a request whose client leaves before the answer', () => {
  it('is no failure of the gateway', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.call('process/start', params)
    peer.send({ id: 'poll', method: 'process/read', params: { processId: 'p', waitMs: 60_000 } })
    await eventually(() => gateway.gateway.ledger.active('poll') === 1, 'the poll waits')
    await peer.cut()
    const { requests, requestErrors } = gateway.gateway.telemetry.instruments
    const left = () => requests.value({ method: 'process/read', result: 'disconnected' })
    await eventually(() => left() === 1, 'the request is over')
    expect(requestErrors.value({ kind: 'internal' })).toBe(0)
  })
})

describe('a request that is under way when no more input is taken', () => {
  it('is answered all the same, but for polls with what there is', async () => {
    using folder = new ScratchFolder()
    await using gateway = await startGateway()
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = gateway.gateway.serveStdio(input, output)
    const root = { id: 'root', path: folder.uri }
    const messages = [
      { id: 1, method: 'initialize', params: { clientName: 'test' } },
      { method: 'initialized' },
      { id: 2, method: 'process/start', params },
      { id: 3, method: 'process/read', params: { processId: 'p', waitMs: 60_000 } },
      { id: 4, method: 'capabilityRoots/discoverV1', params: { roots: [root] } },
    ]
    input.end(messages.map(message => `${JSON.stringify(message)}\n`).join(''))
    const { ended } = new CollectedText(output)
    await served
    const replies = (await ended)
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { id?: unknown })
    const replyTo = (asked: number) => replies.find(({ id }) => id === asked)
    expect(replyTo(3)).toMatchObject({ result: { chunks: [], exited: false } })
    expect(replyTo(4)).toMatchObject({ result: { roots: [{ id: 'root', error: null }] } })
  })

  it('is no failure of the gateway when it takes longer than that may', async () => {
    await using gateway = await startGateway({ limits: { stdinQueueBytes: 1 } })
    const peer = await gateway.connect()
    await peer.call('process/start', { ...params, pipeStdin: true })
    const write = { processId: 'p', chunk: Buffer.alloc(1024 * 1024).toString('base64') }
    await peer.call('process/write', { ...write, writeId: '1' })
    peer.send({ id: 'waiting', method: 'process/write', params: { ...write, writeId: '2' } })
    peer.send({ method: 'made/up' })
    expect((await peer.closed).code).toBe(1002)
    const { requests, requestErrors } = gateway.gateway.telemetry.instruments
    await eventually(() => gateway.gateway.ledger.active('request') === 0, 'the request is over')
    expect(requestErrors.value({ kind: 'internal' })).toBe(0)
    expect(requests.value({ method: 'process/write', result: 'disconnected' })).toBe(1)
  })
})

describe('what is counted', () => {
  it('is every message by kind, a wrong one too, and how every connection ended', async () => {
    await using gateway = await startGateway()
    const { messages, connectionsClosed, requests } = gateway.gateway.telemetry.instruments
    const received = (kind: 'request' | 'reply' | 'notification' | 'malformed') =>
      messages.value({ direction: 'received', kind })
    const peer = await gateway.connect()
    peer.send('not-json')
    peer.send('{"id":{},"method":"x"}')
    await peer.request('made/up', {})
    expect({ malformed: received('malformed'), notification: received('notification') }).toEqual({
      malformed: 2,
      notification: 1,
    })
    // The handshake and what is unknown, whose name is nobody's label.
    expect(received('request')).toBe(2)
    expect(requests.value({ method: 'unknown', result: 'error' })).toBe(1)
    peer.send({ method: 'made/up' })
    expect((await peer.closed).code).toBe(1002)
    expect(received('notification')).toBe(2)
    const [cut, closing, unmasked] = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
    await cut.cut()
    closing.socket.close()
    await closing.closed
    unmasked.socket.send('{}', { mask: false })
    expect((await unmasked.closed).code).toBe(1002)
    await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'all connections are over')
    const ended = (['protocol_error', 'client_gone', 'client_close'] as const).map(cause =>
      connectionsClosed.value({ cause }),
    )
    expect(ended).toEqual([2, 1, 1])
  })

  it.each([
    ['is too long', Buffer.alloc(101, 'x')],
    ['is no text', Buffer.from([0xff, 0x0a])],
  ])('is a line of standard input that %s as one against the rules', async (_what, line) => {
    await using gateway = await startGateway({ limits: { maxMessageBytes: 100 } })
    const { connectionsClosed } = gateway.gateway.telemetry.instruments
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = gateway.gateway.serveStdio(input, output)
    input.write(line)
    await served
    expect(connectionsClosed.value({ cause: 'protocol_error' })).toBe(1)
  })

  it('is the time in which a request waited to be looked at', async () => {
    await using gateway = await startGateway()
    const waited: number[] = []
    gateway.gateway.telemetry.instruments.requestQueueDuration.bind((seconds, { method }) => {
      if (method === 'environment/info') waited.push(seconds)
    })
    const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 1 })]
    const served = gateway.gateway.serveStdio(input, output)
    const send = (...messages: object[]) =>
      input.write(messages.map(message => `${JSON.stringify(message)}\n`).join(''))
    send({ id: 1, method: 'initialize', params: { clientName: 'test' } }, { method: 'initialized' })
    const argv = ['/bin/sh', '-c', 'head -c 900000 /dev/zero']
    send({ id: 2, method: 'process/start', params: { ...params, argv } })
    output.resume()
    await eventually(() => gateway.gateway.closed.count === 1, 'there is much to read')
    output.pause()
    const reads = [3, 4, 5, 6, 7, 8].map(id => ({ id, method: 'process/read', params: { processId: 'p' } }))
    send(...reads, { id: 9, method: 'environment/info' })
    const { backpressure } = gateway.gateway.telemetry.instruments
    await eventually(() => backpressure.value({ action: 'input_paused' }) === 1, 'nothing more is looked at')
    const pausedAt = performance.now()
    await (await gateway.connect()).run('p', 'sleep 0.2')
    const leastMs = performance.now() - pausedAt
    output.resume()
    await eventually(() => waited.length === 1, 'the last one is answered')
    expect((waited[0] ?? 0) * 1000).toBeGreaterThanOrEqual(leastMs)
    input.end()
    await served
  })

  it('is a process that ends because the gateway does, as terminated', async () => {
    const fixture = await startGateway({ limits: { graceMs: 100 } })
    const peer = await fixture.connect()
    await peer.call('process/start', params)
    await fixture[Symbol.asyncDispose]()
    expect(fixture.gateway.processMetrics.finished).toEqual({ success: 0, error: 0, terminated: 1, unknown: 0 })
  })
})
