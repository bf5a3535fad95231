import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startGateway } from '../support/start-gateway.ts'

it('says goodbye when its processes are gone, and tells everybody who waits', async () => {
  await using gateway = await startGateway({ limits: { graceMs: 60_000 } })
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.01; done'], {
    env: { PATH: '/usr/bin:/bin' },
  })
  await peer.outputContains('p', 'ready')
  const first = gateway.gateway.drain()
  expect(gateway.gateway.drain()).toBe(first)
  expect(gateway.gateway.isDraining).toBe(true)
  await first
  expect(await peer.closed).toEqual({ code: 1001, reason: 'the gateway is shutting down' })
  expect(peer.output('p', 'stdout').toString()).toBe('ready\nbye\n')
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(5)
  expect(gateway.gateway.processMetrics.finished).toMatchObject({ terminated: 1 })
})

it('admits nobody while it drains, and starts nothing', async () => {
  await using gateway = await startGateway({ limits: { graceMs: 60_000 } })
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'], {
    env: { PATH: '/usr/bin:/bin' },
  })
  await peer.outputContains('p', 'ready')
  const drained = gateway.gateway.drain()
  await expect(gateway.open()).rejects.toThrow('503')
  expect((await fetch(`${gateway.url.replace('ws', 'http')}/readyz`)).status).toBe(503)
  expect((await fetch(`${gateway.url.replace('ws', 'http')}/livez`)).status).toBe(200)
  const started = peer.start('q', ['true'])
  await expect(started).rejects.toThrow('its session has ended')
  gateway.gateway.killAll()
  await drained
})

it('ends a long-poll of a process that goes', async () => {
  await using gateway = await startGateway({ limits: { graceMs: 60_000 } })
  const peer = await gateway.connect()
  await peer.start('p', ['sleep', '60'], { env: { PATH: '/usr/bin:/bin' } })
  const page = peer.request('process/read', { processId: 'p', waitMs: 60_000 })
  await eventually(() => gateway.gateway.ledger.active('poll') === 1, 'the poll waits')
  await gateway.gateway.drain()
  expect((await page).result).toMatchObject({ exited: true, exitCode: 143 })
})
