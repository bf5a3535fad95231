import { expect, it } from 'vitest'
import type { GatewayLimits } from '../../src/gateway/gateway-limits.ts'
import type { Received } from '../support/conversation.ts'
import type { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

interface Case {
  readonly name: string
  readonly limits?: Partial<GatewayLimits>
  readonly value: number
  /** Reaches the limit and resolves with the refusal. */
  reach(peer: Peer): Promise<Received>
}

const start = (peer: Peer, processId: string, argv: string[], more = {}) =>
  peer.request('process/start', { processId, argv, cwd: 'file:///tmp', env: {}, tty: false, ...more })

const cases: readonly Case[] = [
  {
    name: 'maxProcesses',
    limits: { maxProcesses: 1 },
    value: 1,
    async reach(peer) {
      await start(peer, 'p', ['sleep', '60'], { env: { PATH: '/usr/bin:/bin' } })
      return start(peer, 'q', ['true'])
    },
  },
  {
    name: 'maxRequests',
    limits: { maxRequests: 2 },
    value: 2,
    async reach(peer) {
      await start(peer, 'p', ['sleep', '60'], { env: { PATH: '/usr/bin:/bin' } })
      for (const id of ['a', 'b']) peer.send({ id, method: 'process/read', params: { processId: 'p', waitMs: 60_000 } })
      return peer.request('process/read', { processId: 'p' })
    },
  },
  {
    name: 'maxIdBytes',
    value: 1024,
    reach: peer => start(peer, 'é'.repeat(513), ['true']),
  },
  {
    name: 'maxNamePatterns',
    value: 1000,
    reach: peer => {
      const exclude = Array.from({ length: 1001 }, (_, index) => `*${index}*`)
      const envPolicy = { inherit: 'none', ignoreDefaultExcludes: true, exclude, set: {}, includeOnly: [] }
      return start(peer, 'p', ['true'], { envPolicy })
    },
  },
]

it.each(cases)('says that $name is reached, and goes on', async ({ name, limits, value, reach }) => {
  await using gateway = await startGateway(limits === undefined ? {} : { limits })
  const peer = await gateway.connect()
  const { error } = await reach(peer)
  expect(error).toMatchObject({ code: -32603, data: { limit: { name, value } } })
  expect(error?.message).toContain(String(value))
  expect(peer.socket.readyState).toBe(peer.socket.OPEN)
  const { limitsReached } = gateway.gateway.telemetry.instruments
  expect(limitsReached.value({ limit: name } as never)).toBe(1)
})

it('says that an id of a request is too long, under that id', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const id = 'x'.repeat(1025)
  peer.send({ id, method: 'environment/status' })
  const reply = await peer.until(message => message.id === id)
  expect(reply.error).toMatchObject({ code: -32603, data: { limit: { name: 'maxIdBytes', value: 1024 } } })
  expect(await peer.call('environment/status', {})).toEqual({ status: 'ready' })
})

it('says that there are too many sessions', async () => {
  await using gateway = await startGateway({ limits: { maxSessions: 1 } })
  await gateway.connect()
  const peer = await gateway.open()
  const reply = await peer.request('initialize', { clientName: 'test', resumeSessionId: null })
  expect(reply.error).toMatchObject({ code: -32603, data: { limit: { name: 'maxSessions', value: 1 } } })
})

it('ends a connection over a message that is too big', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  peer.send(`{"id":1,"method":"x","params":"${'a'.repeat(64 * 1024 * 1024)}"}`)
  expect((await peer.closed).code).toBe(1009)
  expect(await (await gateway.connect(peer.sessionId)).call('environment/status', {})).toEqual({ status: 'ready' })
})
