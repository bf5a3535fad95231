import { describe, expect, it } from 'vitest'
import { SimulatedClock } from '../../test/support/simulated-clock.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { ConstantRate, type Pace, WhenFree } from './pace.ts'
import { RunRecord } from './run-record.ts'
import { perform } from './work.ts'
import type { Operation } from './operation.ts'

const serviceMs = 1
const stall = { fromMs: 100, untilMs: 600 }

/** Serves one request after the other, and nobody during its stall. */
function stallingServer(clock: SimulatedClock): Operation {
  let freeMs = 0
  return async () => {
    let beginMs = Math.max(clock.now(), freeMs)
    if (beginMs >= stall.fromMs && beginMs < stall.untilMs) beginMs = stall.untilMs
    freeMs = beginMs + serviceMs
    await clock.until(freeMs)
    return {}
  }
}

interface Options {
  readonly pace: Pace
  readonly workers: number
  readonly operation?: (clock: SimulatedClock) => Operation
  readonly signal?: AbortSignal
}

async function performed({ pace, workers, operation = stallingServer, signal }: Options): Promise<RunRecord> {
  const clock = new SimulatedClock()
  const record = new RunRecord(0)
  const work = perform({
    operations: Array.from({ length: workers }, () => operation(clock)),
    pace,
    clock,
    record,
    operationDone: () => {},
    signal: signal ?? new AbortController().signal,
  })
  await clock.passDuring(work)
  return record
}

const sharedStall = (workers: number, pace: Pace) => {
  let server: Operation | undefined
  return performed({ pace, workers, operation: clock => (server ??= stallingServer(clock)) })
}

describe('a server that stalls for half of the time', () => {
  const stallMs = stall.untilMs - stall.fromMs

  it('is seen by an open loop: everything that was due meanwhile has waited', async () => {
    const { latency } = await sharedStall(8, new ConstantRate(100, { durationMs: 1000 }))
    expect(latency.count).toBe(100)
    expect(latency.percentileMs(95)).toBeGreaterThan(0.8 * stallMs)
    expect(latency.percentileMs(50)).toBeGreaterThan(serviceMs)
  })

  it('is seen by an open loop with a single worker as well', async () => {
    const { latency } = await sharedStall(1, new ConstantRate(100, { durationMs: 1000 }))
    expect(latency.percentileMs(95)).toBeGreaterThan(0.8 * stallMs)
  })

  it('is hidden by a closed loop: one operation waits, and nobody asks meanwhile', async () => {
    const { latency } = await sharedStall(1, new WhenFree({ durationMs: 1000 }))
    expect(latency.count).toBeGreaterThan(400)
    expect(latency.percentileMs(99)).toBe(serviceMs)
    expect(latency.maxMs).toBeGreaterThan(0.99 * stallMs)
  })
})

it('never has a worker do two operations at once', async () => {
  let most = 0
  const operation = (clock: SimulatedClock): Operation => {
    let running = 0
    return async () => {
      most = Math.max(most, ++running)
      await clock.until(clock.now() + 30)
      running -= 1
      return {}
    }
  }
  const { latency } = await performed({ pace: new ConstantRate(100, { iterations: 50 }), workers: 2, operation })
  expect({ most, count: latency.count }).toEqual({ most: 1, count: 50 })
})

it('tells its own lateness from that of the server', async () => {
  const behind = await sharedStall(1, new ConstantRate(100, { durationMs: 1000 }))
  expect(behind.latency.count).toBe(100)
  // Operations that were due while the worker waited for the server are not in it.
  expect(behind.lateness.count).toBeLessThan(80)
  expect(behind.lateness.maxMs).toBe(0)
  const closed = await sharedStall(1, new WhenFree({ iterations: 10 }))
  expect(closed.lateness.count).toBe(0)
})

it('counts errors by kind, apart from the latencies', async () => {
  let turn = 0
  const operation = (): Operation => () => {
    turn += 1
    if (turn === 1) return Promise.reject(new GatewayError('timedOut', 'too long'))
    if (turn === 2) return Promise.reject(new Error('a surprise'))
    return Promise.resolve({ wait: 3 })
  }
  const record = await performed({ pace: new WhenFree({ iterations: 5 }), workers: 1, operation })
  expect(Object.fromEntries(record.errors)).toEqual({ timedOut: 1, unexpected: 1 })
  expect(Object.fromEntries(record.firstErrors)).toEqual({ timedOut: 'too long', unexpected: 'Error: a surprise' })
  expect(record.errorCount).toBe(2)
  expect(record.latency.count).toBe(3)
  expect(record.phase('wait')?.count).toBe(3)
  expect(record.phase('finalRead')).toBeUndefined()
})

it('ends with the session that is lost: nothing more can be measured', async () => {
  const operation = (): Operation => () => Promise.reject(new GatewayError('sessionLost', 'gone'))
  const lost = performed({ pace: new WhenFree({ durationMs: 1000 }), workers: 1, operation })
  await expect(lost).rejects.toMatchObject({ kind: 'sessionLost' })
})

it('ends with its signal, and does not count what that interrupts', async () => {
  const abort = new AbortController()
  const stopped = new Error('stopped')
  const operation = (): Operation => () => {
    abort.abort(stopped)
    return Promise.reject(stopped)
  }
  const work = performed({ pace: new WhenFree({ iterations: 5 }), workers: 1, operation, signal: abort.signal })
  await expect(work).rejects.toBe(stopped)
})

it('tells how many succeed in a second', async () => {
  const operation =
    (clock: SimulatedClock): Operation =>
    async () => {
      await clock.until(clock.now() + 10)
      return {}
    }
  const record = await performed({ pace: new WhenFree({ iterations: 50 }), workers: 1, operation })
  expect(record.elapsedMs).toBe(500)
  expect(record.perSecond).toBe(100)
  expect(new RunRecord(0).perSecond).toBe(0)
})
