import { describe, expect, test } from 'vitest'
import { closeCodes } from '../../src/protocol/close-codes.ts'
import { openSegmentPeer } from '../support/segment-peer.ts'
import { startGateway } from '../support/start-gateway.ts'

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const initialize = { method: 'initialize', params: { clientName: 'test' } }

/** One request of each family, with parameters that are fine. */
const requests = [
  ['exec', 'process/start', { processId: 'p', argv: ['true'], cwd: 'file:///', env: {}, tty: false }],
  ['exec', 'process/read', { processId: 'p' }],
  ['exec', 'process/write', { processId: 'p', chunk: '', writeId: '1' }],
  ['exec', 'process/signal', { processId: 'p', signal: 'interrupt' }],
  ['exec', 'process/terminate', { processId: 'p' }],
  ['environment info', 'environment/info', undefined],
  ['environment status', 'environment/status', undefined],
] as const

describe('a connection in order', () => {
  test('gets a session with a random id as the very first message', async () => {
    await using gateway = await startGateway()
    const [first, second] = [await gateway.connect(), await gateway.connect()]
    expect(first.received[0]?.result.sessionId).toBe(first.sessionId)
    expect(first.sessionId).toMatch(uuidV4)
    expect(second.sessionId).toMatch(uuidV4)
    expect(second.sessionId).not.toBe(first.sessionId)
  })

  test.each([
    [{ method: 'initialized' }],
    [{ method: 'initialized', params: null }],
    [{ method: 'initialized', params: [1] }],
  ])('is ready after %j', async initialized => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    await peer.call('initialize', { clientName: '' })
    peer.send(initialized)
    expect(await peer.call('environment/status', undefined)).toEqual({ status: 'ready' })
  })

  test('may repeat initialized', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    peer.send({ method: 'initialized' })
    peer.send({ method: 'initialized', params: {} })
    expect(await peer.call('environment/status', undefined)).toEqual({ status: 'ready' })
  })

  test('need not wait for any reply', async () => {
    await using gateway = await startGateway()
    const { peer, together } = await openSegmentPeer(gateway.url)
    await using _peer = peer
    together(() => {
      peer.send({ id: 'a', ...initialize })
      peer.send({ method: 'initialized' })
      peer.send({ id: 'b', method: 'environment/status' })
    })
    expect((await peer.until(({ id }) => id === 'b')).result).toEqual({ status: 'ready' })
    expect(peer.received.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  test('may stay idle without a handshake beside others', async () => {
    await using gateway = await startGateway()
    const idle = await gateway.open()
    expect(await (await gateway.connect()).run('p', 'echo ok')).toMatchObject({ stdout: 'ok\n' })
    await idle.shakeHands()
    expect(await idle.call('environment/status', undefined)).toEqual({ status: 'ready' })
  })
})

describe('a request out of order', () => {
  test.each(requests)('of the %s family is refused before initialize: %s', async (family, method, params) => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    const { error } = await peer.request(method, params)
    expect(error).toEqual({ code: -32600, message: `client must call initialize before using ${family} methods` })
  })

  test.each(requests)('of the %s family is refused before initialized: %s', async (family, method, params) => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    await peer.call('initialize', { clientName: 'test' })
    const { error } = await peer.request(method, params)
    expect(error).toEqual({ code: -32600, message: `client must send initialized before using ${family} methods` })
  })

  test('has its parameters looked at first', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    const { error } = await peer.request('process/read', {})
    expect(error).toMatchObject({ code: -32602, message: 'missing field `processId`' })
  })

  test.each([[null], [{}], [undefined]])('of a method without parameters may send %j', async params => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    expect((await peer.request('environment/status', params)).error?.code).toBe(-32600)
  })

  test.each([[[]], [{ x: 1 }], ['text'], [1]])('of a method without parameters may not send %j', async params => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    expect((await peer.request('environment/status', params)).error?.code).toBe(-32602)
  })

  test.each(['process/rename', 'initialise', 'constructor', '__proto__', ''])(
    'is unknown before initialize: %j',
    async method => {
      await using gateway = await startGateway()
      const peer = await gateway.open()
      const message = `exec-server stub does not implement \`${method}\` yet`
      expect((await peer.request(method, {})).error).toEqual({ code: -32601, message })
      await peer.shakeHands()
      expect((await peer.request(method, {})).error).toEqual({ code: -32601, message })
    },
  )

  test('is a second initialize', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const { error } = await peer.request('initialize', initialize.params)
    expect(error).toEqual({ code: -32600, message: 'initialize may only be sent once per connection' })
    const again = await peer.request('initialize', { clientName: 'test', resumeSessionId: peer.sessionId })
    expect(again.error).toEqual(error)
    expect(await peer.call('environment/status', undefined)).toEqual({ status: 'ready' })
  })

  test('is an initialize that fails, and may be tried again', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.open()
    expect((await peer.request('initialize', {})).error).toMatchObject({
      code: -32602,
      message: 'missing field `clientName`',
    })
    const unknown = '00000000-0000-4000-8000-000000000000'
    expect((await peer.request('initialize', { clientName: 'test', resumeSessionId: unknown })).error).toEqual({
      code: -32600,
      message: `unknown session id ${unknown}`,
    })
    await peer.shakeHands()
    expect(await peer.call('environment/status', undefined)).toEqual({ status: 'ready' })
  })
})

describe('a message that breaks the rules', () => {
  const violations = [
    ['an unknown notification', { method: 'process/hint', params: {} }],
    ['a notification named like a request', { method: 'environment/status' }],
    ['a response nobody asked for', { id: 7, result: {} }],
    ['an error nobody asked for', { id: 7, error: { code: -1, message: 'no' } }],
  ] as const

  test.each(violations)('ends the connection with a reason: %s', async (_kind, message) => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    peer.send(message)
    const { code, reason } = await peer.closed
    expect(code).toBe(closeCodes.protocolError)
    expect(reason).not.toBe('')
    expect(peer.received).toHaveLength(1)
  })

  test.each([...violations, ['initialized before initialize', { method: 'initialized' }] as const])(
    'ends a new connection as well: %s',
    async (_kind, message) => {
      await using gateway = await startGateway()
      const peer = await gateway.open()
      peer.send(message)
      const { code, reason } = await peer.closed
      expect(code).toBe(closeCodes.protocolError)
      expect(reason).not.toBe('')
      expect(peer.received).toEqual([])
    },
  )

  test.each(violations)('ends it after the replies to what came before: %s', async (_kind, message) => {
    await using gateway = await startGateway()
    const { peer, together } = await openSegmentPeer(gateway.url)
    await using _peer = peer
    await peer.shakeHands()
    together(() => {
      for (let id = 100; id < 200; id++) peer.send({ id, method: 'environment/status' })
      peer.send('not json')
      peer.send(message)
      peer.send({ id: 200, method: 'environment/status' })
    })
    expect(await peer.closed).toMatchObject({ code: closeCodes.protocolError })
    const answered = peer.received.map(({ id }) => id).slice(1)
    expect(answered).toEqual([...Array.from({ length: 100 }, (_, index) => 100 + index), -1])
  })

  test('leaves the session to be resumed', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['sleep', '1000'])
    peer.send({ method: 'nonsense' })
    await peer.closed
    const again = await gateway.connect(peer.sessionId)
    expect(await again.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  })

  test('does not disturb other connections', async () => {
    await using gateway = await startGateway()
    const [bad, good] = [await gateway.connect(), await gateway.connect()]
    bad.send({ id: 1, result: null })
    await bad.closed
    expect(await good.run('p', 'echo ok')).toMatchObject({ stdout: 'ok\n' })
  })
})
