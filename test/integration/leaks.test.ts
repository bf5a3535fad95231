import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { LeakLedger, type LeakLedgerOptions } from '../../src/leaks/leak-ledger.ts'
import { markOf, thisGateway } from '../../src/leaks/marker.ts'
import { Ledger } from '../../src/lifecycle/ledger.ts'
import { Timers } from '../../src/lifecycle/timers.ts'
import type { LaunchNumbers } from '../../src/processes/launch-registry.ts'
import { instanceMarker } from '../../src/processes/watchdog.ts'
import { daemonise } from '../support/daemonise.ts'
import { eventually } from '../support/eventually.ts'
import { childrenOf } from '../support/leak-check.ts'
import type { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

const env = { PATH: '/usr/bin:/bin' }

/** A gateway with a ledger of its leaks, which looks when the test says so. */
async function startObserved(options: Partial<LeakLedgerOptions> = {}, identity = thisGateway(crypto.randomUUID())) {
  const markers = (numbers: LaunchNumbers) => new Map([[instanceMarker, markOf(identity, numbers)]])
  const gateway = await startGateway({ markers, limits: { detachedSessionMs: 1, graceMs: 100 } })
  const { instruments } = gateway.gateway.telemetry
  const leaks = LeakLedger.open({
    gateway: identity,
    native: { libc: gateway.libc, reaper: gateway.reaper },
    timers: new Timers(new Ledger()),
    instruments,
    log: pino({ level: 'silent' }),
    policy: 'report',
    graceMs: 0,
    censusMs: 3_600_000,
    facts: () => ({
      now: performance.now(),
      launches: [...gateway.gateway.sessions()].flatMap(session => [...session.processes.summaries()]),
      liveSessions: new Set(Array.from(gateway.gateway.sessions(), ({ number }) => number)),
      lastLaunch: gateway.launches.last,
      attribute: launch => gateway.launches.find(launch),
    }),
    ...options,
  })
  const gauge = (key: 'processesOs' | 'processesLeaked') => {
    const seen: Record<string, number> = {}
    leaks.gauges[key]((value: number, attributes: object) => (seen[Object.values(attributes).join()] = value))
    return seen
  }
  return {
    gateway,
    leaks,
    instruments,
    gauge,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      // This program adopts what the tests leave behind, and has to wait for it.
      while (childrenOf('self').length > 0) await leaks.takeCensus()
      await leaks[Symbol.asyncDispose]()
    },
  }
}

async function endSession(observed: Awaited<ReturnType<typeof startObserved>>, peer: Peer): Promise<void> {
  peer.socket.close()
  await eventually(() => [...observed.gateway.gateway.sessions()].length === 0, 'the session has ended')
}

it('counts what runs: leaders, and what descends from them', async () => {
  await using observed = await startObserved()
  const peer = await observed.gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'sleep 300 & echo started; wait'], { env })
  await peer.outputContains('p', 'started')
  await observed.leaks.takeCensus()
  expect(observed.gauge('processesOs')).toEqual({ leader: 1, descendant: 1 })
  expect(observed.gauge('processesLeaked')).toEqual({
    ownerless: 0,
    unregistered: 0,
    zombie: 0,
    kill_pending: 0,
    held_stream: 0,
  })
})

it('tells of a daemon once its session has ended, and who started it, and lets it live', async () => {
  await using observed = await startObserved()
  const peer = await observed.gateway.connect()
  using daemon = await daemonise(peer, 'the-daemon')
  await observed.leaks.takeCensus()
  expect(observed.gauge('processesLeaked')).toMatchObject({ ownerless: 0 })
  await endSession(observed, peer)
  await observed.leaks.takeCensus()
  expect(observed.gauge('processesLeaked')).toMatchObject({ ownerless: 1 })
  expect(observed.leaks.report()).toMatchObject({
    leaked: 1,
    findings: [{ reason: 'ownerless', pid: daemon.pid, session: 1, processId: 'the-daemon' }],
  })
  expect(daemon.isAlive).toBe(true)
})

it('ends what has leaked where it is told to, and waits for it', async () => {
  await using observed = await startObserved({ policy: 'reap' })
  const peer = await observed.gateway.connect()
  using daemon = await daemonise(peer, 'p')
  await endSession(observed, peer)
  await observed.leaks.takeCensus()
  await daemon.gone()
  expect(observed.instruments.orphansReaped.value({ reason: 'ownerless', result: 'success' })).toBe(1)
  // It came home as a zombie: seen once, waited for the second time.
  await eventually(() => daemon.state === 'Z' || daemon.state === undefined, 'it is a zombie')
  await observed.leaks.takeCensus()
  await observed.leaks.takeCensus()
  expect(daemon.state).toBeUndefined()
  expect(observed.gauge('processesLeaked')).toMatchObject({ ownerless: 0, zombie: 0 })
})

it('touches no process of another gateway', async () => {
  await using other = await startObserved()
  await using observed = await startObserved({ policy: 'reap' })
  using alive = await daemonise(await other.gateway.connect(), 'p')
  await observed.leaks.endLeftovers()
  await observed.leaks.takeCensus()
  expect(observed.leaks.report()).toMatchObject({ leaked: 0 })
  expect(alive.isAlive).toBe(true)
})

it('ends what a dead gateway left behind, once it starts', async () => {
  // A boot of its own keeps other gateways on this machine out of it.
  const identity = { ...thisGateway(crypto.randomUUID()), bootId: crypto.randomUUID() }
  const dead = { ...identity, instance: crypto.randomUUID(), startTicks: identity.startTicks - 1 }
  const alive = { ...identity, instance: crypto.randomUUID() }
  await using observed = await startObserved({ gateway: identity })
  await using ofDead = await startObserved({}, dead)
  await using ofAlive = await startObserved({}, alive)
  using leftover = await daemonise(await ofDead.gateway.connect(), 'p')
  using neighbour = await daemonise(await ofAlive.gateway.connect(), 'p')
  await observed.leaks.endLeftovers()
  await eventually(() => !leftover.isAlive, 'the leftover is gone')
  expect(observed.leaks.report()).toMatchObject({ leftoversEnded: 1 })
  expect(observed.instruments.orphansReaped.value({ reason: 'leftover', result: 'success' })).toBe(1)
  expect(neighbour.isAlive).toBe(true)
})

it('leaves a child of this program that it did not launch to whoever did', async () => {
  await using observed = await startObserved({ policy: 'reap' })
  const child = spawn('/bin/sh', ['-c', 'exit 9'], { stdio: 'ignore' })
  const exit = once(child, 'exit')
  await observed.leaks.takeCensus()
  await observed.leaks.takeCensus()
  expect(await exit).toEqual([9, null])
})

it('looks once more for all who ask while it looks, however many they are', async () => {
  let asked = 0
  const facts = () => {
    asked += 1
    return { now: 0, launches: [], liveSessions: new Set<number>(), lastLaunch: 0, attribute: () => undefined }
  }
  await using observed = await startObserved({ facts })
  await Promise.all(Array.from({ length: 50 }, () => observed.leaks.takeCensus()))
  // What is known is asked for before a look and after it.
  expect(asked).toBe(2)
  const first = observed.leaks.takeCensus()
  await Promise.resolve()
  await Promise.all([first, ...Array.from({ length: 50 }, () => observed.leaks.takeCensus())])
  expect(asked).toBe(6)
})
