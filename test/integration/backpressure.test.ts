import { expect, it } from 'vitest'
import type { Connection } from '../../src/gateway/connection.ts'
import { eventually } from '../support/eventually.ts'
import { defaultLimits, type GatewayFixture, startGateway } from '../support/start-gateway.ts'

const endless = ['/bin/sh', '-c', 'exec seq 1 100000000']

function queuedBytes({ gateway }: GatewayFixture): number {
  return Math.max(...Iterator.from(gateway.connections()).map((connection: Connection) => connection.queuedBytes))
}

function heldBack({ gateway }: GatewayFixture): number {
  return [...gateway.sessions()]
    .flatMap(session => [...session.processes.summaries()])
    .filter(process => process.isHeldBack).length
}

it('holds the processes of a client that does not read, and costs a bounded amount', async () => {
  await using gateway = await startGateway()
  const stuck = await gateway.connect()
  await stuck.start('p', endless)
  await stuck.event('p', 'process/output')
  stuck.socket.pause()
  await eventually(() => heldBack(gateway) === 1, 'the process is held back')
  const queued = queuedBytes(gateway)
  expect(queued).toBeLessThan(defaultLimits.outputInFlightBytes + 2 * 64 * 1024)

  const other = await gateway.connect()
  expect(await other.call('environment/status', {})).toEqual({ status: 'ready' })
  expect((await other.run('q', 'seq 1 10000 | tail -n 1')).stdout).toBe('10000\n')
  await eventually(() => heldBack(gateway) === 1, 'the process is held back still')
  expect(queuedBytes(gateway)).toBeLessThanOrEqual(Math.max(queued, defaultLimits.outputInFlightBytes))
})

it('brings a client that did not read for a while everything, in order', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const lines = 3_000_000
  await peer.start('p', ['/bin/sh', '-c', `seq 1 ${lines}`])
  await peer.event('p', 'process/output')
  peer.socket.pause()
  await eventually(() => heldBack(gateway) === 1, 'the process is held back')
  peer.socket.resume()
  await peer.event('p', 'process/closed')
  const expected = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('')
  expect(peer.output('p', 'stdout').toString() === expected).toBe(true)
})

it('answers requests while the output of many processes waits for the same client', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const ids = ['a', 'b', 'c', 'd']
  for (const id of ids) await peer.start(id, endless)
  await Promise.all(ids.map(id => peer.event(id, 'process/output')))
  // Replies do not wait behind more than what may be queued, and every process gets its turn.
  expect(await peer.call('environment/status', {})).toEqual({ status: 'ready' })
  for (const id of ids) expect(await peer.call('process/terminate', { processId: id })).toEqual({ running: true })
  await Promise.all(ids.map(id => peer.event(id, 'process/closed')))
})

it('takes no more requests from a client that reads no replies', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.run('p', 'head -c 900000 /dev/zero')
  const { backpressure } = gateway.gateway.telemetry.instruments
  peer.socket.pause()
  const ids = Array.from({ length: 100 }, (_, index) => `r${index}`)
  for (const id of ids) peer.send({ id, method: 'process/read', params: { processId: 'p' } })
  await eventually(() => backpressure.value({ action: 'input_paused' }) > 0, 'the gateway takes nothing more')
  // Every reply takes 1.2 MB; what is queued is one more than the limit at most.
  expect(queuedBytes(gateway)).toBeLessThan(4 * 1024 * 1024 + 2 * 1_300_000)
  peer.socket.resume()
  await Promise.all(ids.map(id => peer.until(message => message.id === id)))
  await eventually(() => queuedBytes(gateway) === 0, 'everything has been sent')
  expect(backpressure.value({ action: 'input_resumed' })).toBe(backpressure.value({ action: 'input_paused' }))
})

it('lets go of a client that reads nothing and has asked for much, once its session is asked for', async () => {
  await using gateway = await startGateway({ limits: { probeMs: 100 } })
  const peer = await gateway.connect()
  await peer.run('p', 'head -c 900000 /dev/zero')
  const { backpressure, connectionsClosed } = gateway.gateway.telemetry.instruments
  peer.socket.pause()
  for (let id = 0; id < 200; id++) peer.send({ id: `r${id}`, method: 'process/read', params: { processId: 'p' } })
  await eventually(() => backpressure.value({ action: 'input_paused' }) > 0, 'the gateway takes nothing more')
  const next = await gateway.open()
  const resumed = () => next.request('initialize', { clientName: 'test', resumeSessionId: peer.sessionId })
  let reply = await resumed()
  expect(reply.error?.code).toBe(-32010)
  // What the gateway still takes of its requests is a sign of life; in the end there is none.
  while (reply.error?.code === -32010) reply = await resumed()
  expect(reply.result).toMatchObject({ sessionId: peer.sessionId })
  await eventually(() => connectionsClosed.value({ cause: 'silent' }) === 1, 'the connection was given up')
})

it('keeps a client that reads nothing and pings all the while, and answers it when it reads again', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', endless)
  peer.socket.pause()
  await eventually(() => heldBack(gateway) === 1, 'the process is held back')
  for (let count = 0; count < 500; count++) peer.socket.ping(count === 499 ? 'last' : 'one of many')
  const status = peer.request('environment/status', {})
  const { requests } = gateway.gateway.telemetry.instruments
  const served = () => requests.value({ method: 'environment/status', result: 'success' })
  await eventually(() => served() === 1, 'the gateway has taken the request behind the pings')
  const last = new Promise<void>(resolve => {
    peer.socket.on('pong', data => {
      if (String(data) === 'last') resolve()
    })
  })
  peer.socket.resume()
  await last
  expect(await status).toMatchObject({ result: { status: 'ready' } })
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  await peer.event('p', 'process/closed')
})
