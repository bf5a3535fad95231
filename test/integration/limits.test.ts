import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { chunkRecordBytes } from '../../src/processes/retained-output.ts'
import type { GatewayLimits } from '../../src/gateway/gateway-limits.ts'
import type { LimitName } from '../../src/protocol/limit-names.ts'
import type { Received } from '../support/conversation.ts'
import { eventually } from '../support/eventually.ts'
import { fetchThrough } from '../support/http-calls.ts'
import type { Peer } from '../support/peer.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'
import { WebServer } from '../support/web-server.ts'

interface Case {
  readonly what: string
  readonly name: LimitName
  readonly limits?: Partial<GatewayLimits>
  readonly value: number
  /** Reaches the limit and resolves with the refusal. */
  reach(peer: Peer): Promise<Received>
  /** Does what a client does to get on, and resolves with an answer that was refused before. */
  recover(peer: Peer): Promise<Received>
}

const withPath = { env: { PATH: '/usr/bin:/bin' } }
const kibibytes = (count: number) => count * 1024

const start = (peer: Peer, processId: string, argv: string[], more = {}) =>
  peer.request('process/start', { processId, argv, cwd: 'file:///tmp', env: {}, tty: false, ...more })

const startSleeper = (peer: Peer, processId: string) => start(peer, processId, ['sleep', '60'], withPath)

async function untilClosed(peer: Peer, processId: string): Promise<void> {
  await peer.call('process/terminate', { processId })
  await peer.event(processId, 'process/closed')
}

function timesReached({ gateway }: GatewayFixture, limit: LimitName): number {
  return gateway.telemetry.instruments.limitsReached.value({ limit })
}

/** Requests that limits have refused. */
function failures({ gateway }: GatewayFixture): number {
  return gateway.telemetry.instruments.requestErrors.value({ kind: 'limitReached' })
}

const nothingInherited = { inherit: 'none', ignoreDefaultExcludes: true, exclude: [], set: {}, includeOnly: [] }
/** Which is one variable: PATH, in 34 bytes. */
const inheritAll = { ...nothingInherited, inherit: 'all' }

function excluding(count: number) {
  return { ...nothingInherited, exclude: Array.from({ length: count }, (_, index) => `*${index}*`) }
}

/** A pattern and names of so many characters, the inherited PATH included. */
function comparing(length: number) {
  return { ...nothingInherited, inherit: 'core', exclude: ['*'.repeat(length)], set: { ['N'.repeat(length - 4)]: '' } }
}

const cases: readonly Case[] = [
  {
    what: 'processes',
    name: 'maxProcesses',
    limits: { maxProcesses: 1 },
    value: 1,
    async reach(peer) {
      await startSleeper(peer, 'p')
      return start(peer, 'q', ['true'])
    },
    async recover(peer) {
      await untilClosed(peer, 'p')
      return start(peer, 'q', ['true'])
    },
  },
  {
    what: 'processes of a session',
    name: 'maxSessionProcesses',
    limits: { maxSessionProcesses: 2 },
    value: 2,
    async reach(peer) {
      await startSleeper(peer, 'p')
      await startSleeper(peer, 'q')
      return start(peer, 'r', ['true'])
    },
    // The first stays readable after its end, and does not count any more.
    async recover(peer) {
      await untilClosed(peer, 'p')
      return start(peer, 'r', ['true'])
    },
  },
  {
    what: 'requests in flight',
    name: 'maxRequests',
    limits: { maxRequests: 2 },
    value: 2,
    async reach(peer) {
      await startSleeper(peer, 'p')
      peer.send({ id: 'a', method: 'process/read', params: { processId: 'p', waitMs: 60_000 } })
      peer.send({ id: 'b', method: 'process/read', params: { processId: 'p', waitMs: 200 } })
      return peer.request('process/read', { processId: 'p' })
    },
    async recover(peer) {
      await peer.until(message => message.id === 'b')
      return peer.request('process/read', { processId: 'p' })
    },
  },
  {
    what: 'bytes of a process id',
    name: 'maxIdBytes',
    value: 1024,
    reach: peer => start(peer, 'é'.repeat(513), ['true']),
    recover: peer => start(peer, 'é'.repeat(512), ['true']),
  },
  {
    what: 'bytes of a write id',
    name: 'maxIdBytes',
    value: 1024,
    async reach(peer) {
      await start(peer, 'p', ['cat'], { ...withPath, pipeStdin: true })
      return peer.request('process/write', { processId: 'p', chunk: 'YQ==', writeId: 'é'.repeat(513) })
    },
    async recover(peer) {
      const written = await peer.request('process/write', { processId: 'p', chunk: 'Yg==', writeId: 'é'.repeat(512) })
      await peer.event('p', 'process/output')
      expect(peer.output('p').toString()).toBe('b')
      return written
    },
  },
  {
    what: 'bytes of arguments',
    name: 'maxArgumentBytes',
    limits: { maxArgumentBytes: kibibytes(4) },
    value: kibibytes(4),
    // Each argument ends with a NUL.
    reach: peer => start(peer, 'p', ['true', 'é'.repeat(2046)]),
    recover: peer => start(peer, 'p', ['true', 'é'.repeat(2045)]),
  },
  {
    what: 'bytes of the variables in a request',
    name: 'maxEnvironmentBytes',
    limits: { maxEnvironmentBytes: kibibytes(4) },
    value: kibibytes(4),
    reach: peer => start(peer, 'p', ['true'], { env: { V: 'é'.repeat(2047) } }),
    recover: peer => start(peer, 'p', ['true'], { env: { V: 'é'.repeat(2046) } }),
  },
  {
    what: 'bytes of an environment, whatever is inherited included',
    name: 'maxEnvironmentBytes',
    limits: { maxEnvironmentBytes: 60 },
    value: 60,
    reach: peer => start(peer, 'p', ['true'], { env: { V: 'x'.repeat(24) }, envPolicy: inheritAll }),
    recover: peer => start(peer, 'p', ['true'], { env: { V: 'x'.repeat(23) }, envPolicy: inheritAll }),
  },
  {
    what: 'comparisons of names with patterns',
    name: 'maxNameComparisons',
    value: 50_000_000,
    reach: peer => start(peer, 'p', ['true'], { envPolicy: comparing(7072) }),
    recover: peer => start(peer, 'p', ['true'], { envPolicy: comparing(7071) }),
  },
  {
    what: 'patterns for names',
    name: 'maxNamePatterns',
    value: 1000,
    reach: peer => start(peer, 'p', ['true'], { envPolicy: excluding(1001) }),
    recover: peer => start(peer, 'p', ['true'], { envPolicy: excluding(1000) }),
  },
]

it.each(cases)('says that there are too many $what, and goes on', async ({ name, limits, value, reach, recover }) => {
  await using gateway = await startGateway(limits === undefined ? {} : { limits })
  const peer = await gateway.connect()
  const { error } = await reach(peer)
  expect(error).toMatchObject({ code: -32603, data: { limit: { name, value } } })
  expect(error?.message).toContain(String(value))
  expect(timesReached(gateway, name)).toBe(1)
  expect(failures(gateway)).toBe(1)
  expect((await recover(peer)).error).toBeUndefined()
  expect(timesReached(gateway, name)).toBe(1)
})

it('lets one session start processes while another runs all it may', async () => {
  await using gateway = await startGateway({ limits: { maxSessionProcesses: 1 } })
  const [greedy, other] = [await gateway.connect(), await gateway.connect()]
  await startSleeper(greedy, 'p')
  expect((await startSleeper(greedy, 'q')).error).toMatchObject({ data: { limit: { name: 'maxSessionProcesses' } } })
  expect((await startSleeper(other, 'p')).error).toBeUndefined()
})

it('says that an id of a request is too long, under that id', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const id = 'x'.repeat(1025)
  peer.send({ id, method: 'environment/status' })
  const reply = await peer.until(message => message.id === id)
  expect(reply.error).toMatchObject({ code: -32603, data: { limit: { name: 'maxIdBytes', value: 1024 } } })
  expect(timesReached(gateway, 'maxIdBytes')).toBe(1)
  expect(failures(gateway)).toBe(1)
  expect(gateway.gateway.requestMetrics.count('environment/status', 'error')).toBe(1)
  expect(await peer.call('environment/status', {})).toEqual({ status: 'ready' })
})

it('repeats the beginning of an id that is too long for anything to have it', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.open()
  const id = 'x'.repeat(20 * 1024 * 1024)
  const resumed = await peer.request('initialize', { clientName: 'test', resumeSessionId: id })
  expect(resumed.error?.message).toBe(`unknown session id ${'x'.repeat(63)}…`)
  await peer.shakeHands()
  const read = await peer.request('process/read', { processId: id })
  expect(read.error?.message).toBe(`unknown process id ${'x'.repeat(63)}…`)
})

it('says that there are too many sessions, until one has ended', async () => {
  await using gateway = await startGateway({ limits: { maxSessions: 1, detachedSessionMs: 10 } })
  const first = await gateway.connect()
  const peer = await gateway.open()
  const initialize = () => peer.request('initialize', { clientName: 'test', resumeSessionId: null })
  expect((await initialize()).error).toMatchObject({
    code: -32603,
    data: { limit: { name: 'maxSessions', value: 1 } },
  })
  expect(timesReached(gateway, 'maxSessions')).toBe(1)
  await first.cut()
  await eventually(() => gateway.gateway.ledger.active('session') === 0, 'the session has ended')
  expect((await initialize()).error).toBeUndefined()
})

it('says that there are too many connections, until one has ended', async () => {
  await using gateway = await startGateway({ limits: { maxConnections: 1 } })
  const first = await gateway.connect()
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const headers = { ...upgrade, 'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==' }
  const refused = await answerTo(`${gateway.url.replace('ws', 'http')}/`, headers)
  expect(refused.status).toBe(503)
  expect(JSON.parse(refused.body)).toEqual({
    message: 'this gateway already has 1 connections, its limit; try again when some have ended',
    data: { limit: { name: 'maxConnections', value: 1 } },
  })
  expect(timesReached(gateway, 'maxConnections')).toBe(1)
  await first.cut()
  await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'the connection is over')
  const next = await gateway.connect(first.sessionId)
  expect(await next.call('environment/status', {})).toEqual({ status: 'ready' })
})

describe('a message that is too long', () => {
  it('ends the connection, whose session can be taken up again', async () => {
    await using gateway = await startGateway({ limits: { maxMessageBytes: kibibytes(1024) } })
    const peer = await gateway.connect()
    const head = '{"id":"x","method":"environment/status","params":null,"ignored":"'
    const message = (bytes: number) => `${head}${'a'.repeat(bytes - head.length - 2)}"}`
    peer.send(message(kibibytes(1024)))
    expect((await peer.until(({ id }) => id === 'x')).result).toEqual({ status: 'ready' })
    peer.send(message(kibibytes(1024) + 1))
    expect((await peer.closed).code).toBe(1009)
    expect(timesReached(gateway, 'maxMessageBytes')).toBe(1)
    const next = await gateway.connect(peer.sessionId)
    expect(await next.call('environment/status', {})).toEqual({ status: 'ready' })
  })

  it('is one of more than 64 MiB unless told otherwise', { timeout: 60_000 }, async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    peer.send(`{"id":1,"method":"x","params":"${'a'.repeat(64 * 1024 * 1024)}"}`)
    expect((await peer.closed).code).toBe(1009)
  })

  it('ends the conversation on standard input', async () => {
    await using gateway = await startGateway({ limits: { maxMessageBytes: 100 } })
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = gateway.gateway.serveStdio(input, output)
    input.write('x'.repeat(101))
    await served
    expect(timesReached(gateway, 'maxMessageBytes')).toBe(1)
  })
})

describe('closed processes', () => {
  it.each([
    ['too many', 'maxClosedProcesses', { maxClosedProcesses: 2 }],
    ['with too much output', 'closedOutputBytes', { closedOutputBytes: 2 * (1000 + chunkRecordBytes) }],
  ] as const)('that are %s are forgotten, the longest closed first', async (_what, name, limits) => {
    await using gateway = await startGateway({ limits })
    const peer = await gateway.connect()
    for (const id of ['a', 'b', 'c']) await peer.run(id, `printf %01000d 0`)
    const isKnown = async (processId: string) =>
      (await peer.request('process/read', { processId })).error?.message ?? 'known'
    expect(await isKnown('a')).toBe('unknown process id a')
    expect([await isKnown('b'), await isKnown('c')]).toEqual(['known', 'known'])
    expect(timesReached(gateway, name)).toBe(1)
    // Its id is free again.
    await peer.start('a', ['true'])
  })
})

describe('bodies of HTTP requests', () => {
  it('are refused when too much is being sent, and taken once that has been answered', async () => {
    const answers: (() => void)[] = []
    await using server = await WebServer.start((_request, _incoming, response) => {
      answers.push(() => response.end('done'))
    })
    await using gateway = await startGateway({ limits: { maxSentBodyBytes: 1000 } })
    const peer = await gateway.connect()
    const post = () =>
      fetchThrough(peer, { method: 'POST', url: server.url(), bodyBase64: Buffer.alloc(600).toString('base64') })
    const first = post()
    await eventually(() => answers.length === 1, 'the first has arrived')
    await expect(post()).rejects.toMatchObject({
      code: -32603,
      data: { limit: { name: 'maxSentBodyBytes', value: 1000 } },
    })
    expect(timesReached(gateway, 'maxSentBodyBytes')).toBe(1)
    answers[0]?.()
    expect((await first).status).toBe(200)
    const second = post()
    await eventually(() => answers.length === 2, 'the second has arrived')
    answers[1]?.()
    expect((await second).status).toBe(200)
  })
})

/** What a GET is answered, with headers that `fetch` does not let through. */
async function answerTo(url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}
