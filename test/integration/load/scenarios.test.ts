import { describe, expect, it, test } from 'vitest'
import { type ArmRecord, type LoadPlan, runLoadTest } from '../../../src/load/load-test.ts'
import { summarise } from '../../../src/load/report/summarise.ts'
import { LoadReport } from '../../../src/load/report/load-report.ts'
import type { RunRecord } from '../../../src/load/run-record.ts'
import { soak } from '../../../src/load/scenarios/soak.ts'
import { TargetStage } from '../../../src/load/stage.ts'
import { Ledger } from '../../../src/lifecycle/ledger.ts'
import { Timers } from '../../../src/lifecycle/timers.ts'
import { scenarioNames } from '../../../src/telemetry/load-metrics.ts'
import { closedPort } from '../../support/closed-port.ts'
import { eventually } from '../../support/eventually.ts'
import { planWith } from '../../support/load-records.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { StallingServer } from '../../support/stalling-server.ts'

const silent = { operationDone: () => {}, runDone: () => {} }
const never = new AbortController().signal

function measured(plan: LoadPlan): Promise<ArmRecord[]> {
  return runLoadTest(plan, silent, never)
}

function runsOf([arm]: readonly ArmRecord[]): readonly RunRecord[] {
  return arm?.runs ?? []
}

// Each gateway demands at its end that nothing is left of what was done to it.
describe.each(scenarioNames)('the scenario %s', scenario => {
  it('does as many operations as are wanted, without errors', async () => {
    await using gateway = await startGateway()
    const targets = [{ name: 'a', url: gateway.url }]
    const plan = planWith({ scenario, targets, concurrency: 2, extent: { iterations: 6 } })
    const arms = await measured(plan)
    expect(runsOf(arms).map(({ latency, errorCount }) => [latency.count, errorCount])).toEqual([
      [6, 0],
      [6, 0],
    ])
    expect(() => LoadReport.parse({ ...summarise(plan, arms, 1), missed: [] })).not.toThrow()
  })

  it('goes through a distance, at a constant rate, for a time', async () => {
    await using gateway = await startGateway()
    const targets = [{ name: 'a', url: gateway.url }]
    const pace = { ratePerSecond: 20, extent: { durationMs: 200 } }
    const plan = planWith({ scenario, targets, rttMs: 4, concurrency: 2, runs: 1, ...pace })
    const [run] = runsOf(await measured(plan))
    expect(run?.latency.count).toBe(4)
    expect(run?.errorCount).toBe(0)
  })
})

test('a command whose end is pushed takes one round trip, with a final read two', async () => {
  await using gateway = await startGateway()
  const plan = planWith({
    targets: [{ name: 'a', url: gateway.url }],
    completions: ['read', 'events'],
    // So long that starting a command on a busy machine is little beside it.
    rttMs: 200,
    runs: 2,
    extent: { iterations: 3 },
  })
  const [read, events] = summarise(plan, await measured(plan), 1).targets
  expect((read?.p50Ms ?? 0) / (events?.p50Ms ?? 0)).toBeGreaterThan(1.5)
  expect(read?.phasesP50Ms.finalRead).toBeGreaterThan(200)
  expect(events?.phasesP50Ms.finalRead).toBeUndefined()
  expect(events?.change?.p50).toBeLessThan(-0.25)
})

test('arms are measured in the order A B B A', async () => {
  await using gateway = await startGateway()
  const targets = ['a', 'b'].map(name => ({ name, url: gateway.url }))
  const order: string[] = []
  const shares: number[] = []
  const observer = {
    operationDone: (_arm: unknown, _latency: unknown, share: number) => void shares.push(share),
    runDone: ({ name }: { name: string }) => void order.push(name),
  }
  await runLoadTest(planWith({ scenario: 'ping', targets, runs: 4 }), observer, never)
  expect(order.join('')).toBe('abbaabba')
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
})

test('what a soak leaves behind is counted by what it carries, and an error', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('left', ['/bin/sh', '-c', 'sleep 300 & sleep 300'], {
    env: { EXECGATE_LOAD: 'this-soak', PATH: '/usr/bin:/bin' },
  })
  const count = async (mark: string) => {
    await using stage = await TargetStage.open({
      url: gateway.url,
      rttMs: 0,
      settings: { completion: 'events', sessions: 1, streamBytes: 1 },
      mark,
      timers: new Timers(new Ledger()),
      signal: never,
    })
    return await soak.countLeftovers?.(stage)
  }
  expect(await count('this-soak')).toBeGreaterThanOrEqual(1)
  expect(await count('another')).toBe(0)
  await peer.call('process/terminate', { processId: 'left' })
  await peer.event('left', 'process/closed')
  expect(await count('this-soak')).toBe(0)
})

test('an operation that takes too long is an error, and the next one is done', async () => {
  await using server = await StallingServer.open({ stallMs: 400, stallsAfter: 5 })
  const targets = [{ name: 'a', url: server.url }]
  const plan = planWith({ scenario: 'ping', targets, timeoutMs: 100, runs: 1, extent: { iterations: 20 } })
  const [run] = runsOf(await measured(plan))
  expect(run?.errors.get('timedOut')).toBeGreaterThanOrEqual(1)
  expect((run?.latency.count ?? 0) + (run?.errorCount ?? 0)).toBe(20)
})

describe('a real server that stalls', () => {
  const stallMs = 1000
  const extent = { durationMs: 2000 }

  /** Its 90th percentile, as a share of the stall. */
  async function slowTenth(loop: Partial<LoadPlan>): Promise<number> {
    await using server = await StallingServer.open({ stallMs, stallsAfter: 40 })
    const targets = [{ name: 'a', url: server.url }]
    const [run] = runsOf(await measured(planWith({ scenario: 'ping', targets, extent, runs: 1, ...loop })))
    expect(run?.errorCount).toBe(0)
    return (run?.latency.percentileMs(90) ?? 0) / stallMs
  }

  it('is seen by an open loop and hidden by a closed one', async () => {
    const open = await slowTenth({ ratePerSecond: 50, concurrency: 8 })
    const closed = await slowTenth({ concurrency: 1 })
    expect(open).toBeGreaterThan(0.5)
    expect(closed).toBeLessThan(0.25)
  })
})

test('a target that cannot be reached ends the test with its name', async () => {
  const targets = [{ name: 'nobody', url: `ws://${await closedPort()}/` }]
  await expect(measured(planWith({ targets }))).rejects.toThrow(/^target nobody cannot be measured: failed to connect/)
})

test('a target that takes only some of the sessions cannot be measured, and is let go of by all of them', async () => {
  await using gateway = await startGateway({ limits: { maxSessions: 3 } })
  const targets = [{ name: 'small', url: gateway.url }]
  await expect(measured(planWith({ scenario: 'ping', targets, concurrency: 8 }))).rejects.toThrow(
    /^target small cannot be measured: .*sessions/,
  )
  await eventually(() => gateway.gateway.ledger.active('connection') === 0, 'nobody is connected any more')
})

test('a test that is stopped ends with the reason, and leaves nothing behind', async () => {
  await using gateway = await startGateway()
  const targets = [{ name: 'a', url: gateway.url }]
  const abort = new AbortController()
  const stopped = new Error('enough')
  const observer = { ...silent, operationDone: () => abort.abort(stopped) }
  const plan = planWith({ scenario: 'echo', targets, extent: { durationMs: 60_000 } })
  await expect(runLoadTest(plan, observer, abort.signal)).rejects.toBe(stopped)
})
