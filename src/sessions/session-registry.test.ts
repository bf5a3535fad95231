import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { fakeHost, launchOf } from '../../test/support/fake-host.ts'
import { nobody } from '../../test/support/fake-start.ts'
import type { SessionOwner } from './session.ts'
import { SessionMetrics } from './session-metrics.ts'
import { SessionRegistry } from './session-registry.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function owner(): SessionOwner & { readonly probed: () => number } {
  const probe = vi.fn()
  return { delivery: new FakeDelivery(), probe, probed: () => probe.mock.calls.length }
}

function registryWith(limits: { maxSessions?: number } = {}) {
  const host = fakeHost()
  const registry = new SessionRegistry({
    host,
    limits: { detachedSessionMs: 80_000, graceMs: 2000, maxSessions: 10, ...limits },
    log: pino({ level: 'silent' }),
    metrics: new SessionMetrics(),
  })
  return { host, registry }
}

describe('a session', () => {
  it('can be taken up again until its time is over, not a moment longer', () => {
    const { registry } = registryWith()
    const first = owner()
    const session = registry.create(first)
    session.detach(first)
    vi.advanceTimersByTime(79_999)
    const second = owner()
    expect(registry.resume(session.id, second)).toBe(session)
    expect(session.owner).toBe(second)
    session.detach(second)
    vi.advanceTimersByTime(80_000)
    expect(() => registry.resume(session.id, owner())).toThrow(`unknown session id ${session.id}`)
  })

  it('is not taken up late only because its timer has not run yet', () => {
    const { registry } = registryWith()
    const first = owner()
    const session = registry.create(first)
    session.detach(first)
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 80_000)
    expect(() => registry.resume(session.id, owner())).toThrow('unknown session id')
    vi.restoreAllMocks()
  })

  it('is never stolen: who asks is told to wait, and the owner is probed', () => {
    const { registry } = registryWith()
    const first = owner()
    const session = registry.create(first)
    expect(() => registry.resume(session.id, owner())).toThrow(
      expect.objectContaining({ kind: 'sessionAttached' }) as Error,
    )
    expect(first.probed()).toBe(1)
    expect(session.owner).toBe(first)
  })

  it('stays with its new owner when the old one leaves late', () => {
    const { registry } = registryWith()
    const first = owner()
    const session = registry.create(first)
    session.detach(first)
    const second = owner()
    registry.resume(session.id, second)
    session.detach(first)
    expect(session.owner).toBe(second)
    expect(session.state).toBe('attached')
  })

  it('ends its processes when nobody comes back', async () => {
    const { host, registry } = registryWith()
    const first = owner()
    const session = registry.create(first)
    void session.processes.start('p', launchOf('program'), nobody)
    session.detach(first)
    await vi.advanceTimersByTimeAsync(80_000)
    expect(host.engine.child.asked).toEqual(['askToEnd'])
    expect(host.ledger.outstanding()).toEqual({})
    expect([...registry]).toEqual([])
  })

  it('ends once, however many ask for it', async () => {
    const { host, registry } = registryWith()
    const session = registry.create(owner())
    void session.processes.start('p', launchOf('program'), nobody)
    registry.end(session, 2000, 'input_end')
    await Promise.all([session.end(0, 'draining'), registry.endAll(0)])
    expect(host.engine.child.asked).toEqual(['askToEnd'])
    expect(host.ledger.active('session')).toBe(0)
  })
})

describe('a registry', () => {
  it('keeps no more sessions than it may, and says so', () => {
    const { registry } = registryWith({ maxSessions: 1 })
    registry.create(owner())
    expect(() => registry.create(owner())).toThrow(
      expect.objectContaining({ kind: 'limitReached', data: { limit: { name: 'maxSessions', value: 1 } } }) as Error,
    )
  })

  it('has room again when a session has ended', async () => {
    const { registry } = registryWith({ maxSessions: 1 })
    const session = registry.create(owner())
    await session.end(0, 'input_end')
    expect(registry.create(owner()).id).not.toBe(session.id)
  })

  it('answers the same for an id that never was', () => {
    const { registry } = registryWith()
    expect(() => registry.resume('nothing', owner())).toThrow('unknown session id nothing')
  })

  it('ends everything and creates nothing any more', async () => {
    const { host, registry } = registryWith()
    for (const id of ['p', 'q']) void registry.create(owner()).processes.start(id, launchOf('program'), nobody)
    await registry.endAll(2000)
    expect(host.engine.children.map(({ asked }) => asked)).toEqual([['askToEnd'], ['askToEnd']])
    expect(() => registry.create(owner())).toThrow('shutting down')
    expect(host.ledger.outstanding()).toEqual({})
  })

  it('kills without waiting, also what is ending already', () => {
    const { host, registry } = registryWith()
    host.engine.mortality = []
    const session = registry.create(owner())
    void session.processes.start('p', launchOf('program'), nobody)
    registry.end(session, 2000, 'input_end')
    registry.killAll()
    expect(host.engine.child.asked).toEqual(['askToEnd', 'killSession'])
  })
})
