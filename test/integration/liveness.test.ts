import { expect, it } from 'vitest'
import { openLocalBackend } from '../../src/backends/local-backend.ts'
import { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

it('gives up a peer that is silent for too long, and keeps its session', { timeout: 20_000 }, async () => {
  await using gateway = await startGateway({ limits: { pingAfterMs: 100, dropAfterMs: 300 } })
  const peer = await Peer.open(gateway.url, { autoPong: false })
  await peer.shakeHands()
  expect(await peer.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('no byte for') })
  const next = await gateway.connect(peer.sessionId)
  expect(await next.call('environment/status', {})).toEqual({ status: 'ready' })
})

it('keeps a peer that says nothing but answers pings', { timeout: 20_000 }, async () => {
  await using gateway = await startGateway({ limits: { pingAfterMs: 50, dropAfterMs: 4000 } })
  const peer = await gateway.connect()
  let pings = 0
  const pinged = Promise.withResolvers<void>()
  peer.socket.on('ping', () => {
    pings += 1
    if (pings === 4) pinged.resolve()
  })
  // The gateway looks once a second, so by then more time has passed than silence may last.
  await pinged.promise
  expect(await peer.call('environment/status', {})).toEqual({ status: 'ready' })
})

it('keeps a peer on standard streams, which cannot answer pings, however long it is silent', async () => {
  await using gateway = await startGateway({ limits: { pingAfterMs: 50, dropAfterMs: 100 } })
  await using backend = await openLocalBackend(gateway.gateway)
  // As silent as the other one: when this one is given up, the time is over for both.
  const peer = await Peer.open(gateway.url, { autoPong: false })
  await peer.closed
  expect(await backend.exec(['echo', 'still here'])).toMatchObject({ stdout: 'still here\n' })
})

it('takes a session from a connection that is dead, a moment after somebody asks for it', async () => {
  await using gateway = await startGateway({ limits: { probeMs: 100 } })
  await using proxy = await TcpProxy.open(gateway.url)
  await using dead = await Peer.open(proxy.url)
  await dead.shakeHands()
  proxy.link.freeze()
  const next = await gateway.open()
  const resume = { clientName: 'test', resumeSessionId: dead.sessionId }
  let reply = await next.request('initialize', resume)
  expect(reply.error?.code).toBe(-32010)
  while (reply.error?.code === -32010) reply = await next.request('initialize', resume)
  expect(reply.result).toMatchObject({ sessionId: dead.sessionId })
})

it('takes no session from a connection that is alive', async () => {
  await using gateway = await startGateway({ limits: { probeMs: 1000 } })
  const owner = await gateway.connect()
  const other = await gateway.open()
  const resume = { clientName: 'test', resumeSessionId: owner.sessionId }
  const pinged = new Promise(resolve => owner.socket.once('ping', resolve))
  expect((await other.request('initialize', resume)).error?.code).toBe(-32010)
  await pinged
  const probes = gateway.gateway.ledger
  while (probes.active('timer') > 1) await other.request('environment/status', {})
  expect((await other.request('initialize', resume)).error?.code).toBe(-32010)
  expect(await owner.call('environment/status', {})).toEqual({ status: 'ready' })
})
