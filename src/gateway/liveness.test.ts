import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { Liveness } from './liveness.ts'

const limits = { pingAfterMs: 1000, dropAfterMs: 5000, probeMs: 300 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watched() {
  const ledger = new Ledger()
  const seen = { pings: 0, reasons: [] as string[] }
  const traffic = { receivedBytes: 0, sentBytes: 0, takenBytes: 0 }
  const liveness = new Liveness({
    limits,
    timers: new Timers(ledger),
    traffic,
    ping: () => (seen.pings += 1),
    giveUp: why => seen.reasons.push(why),
  })
  /** Time passes, with a look every 100 ms. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      vi.advanceTimersByTime(100)
      liveness.check(performance.now())
    }
  }
  return { liveness, ledger, seen, traffic, pass }
}

describe('a peer that is silent', () => {
  it('is pinged once its time is over, and again after the same time', () => {
    const { seen, pass } = watched()
    pass(900)
    expect(seen.pings).toBe(0)
    pass(200)
    expect(seen.pings).toBe(1)
    pass(800)
    expect(seen.pings).toBe(1)
    pass(200)
    expect(seen.pings).toBe(2)
    expect(seen.reasons).toEqual([])
  })

  it('is given up when it stays silent, with a reason that says for how long', () => {
    const { seen, pass } = watched()
    pass(4900)
    expect(seen.reasons).toEqual([])
    pass(200)
    expect(seen.reasons[0]).toBe('no byte for 5 s')
  })
})

it('a single byte is a sign of life', () => {
  const { seen, pass, traffic } = watched()
  for (let turn = 0; turn < 20; turn++) {
    pass(800)
    traffic.receivedBytes += 1
    traffic.sentBytes += 1
    traffic.takenBytes += 1
  }
  expect(seen.pings).toBe(0)
  expect(seen.reasons).toEqual([])
})

it('a peer that talks and is told nothing hears a ping, as it may give up a silent gateway', () => {
  const { seen, pass, traffic } = watched()
  for (let turn = 0; turn < 30; turn++) {
    pass(100)
    traffic.receivedBytes += 1
  }
  expect(seen.pings).toBe(3)
})

it('a peer is not given up for the time in which the gateway was held up', () => {
  const { liveness, seen, pass } = watched()
  pass(900)
  vi.advanceTimersByTime(60_000)
  liveness.check(performance.now())
  expect(seen).toMatchObject({ pings: 1, reasons: [] })
  pass(1900)
  expect(seen.reasons).toEqual([])
  pass(200)
  expect(seen.reasons).toHaveLength(1)
})

describe('a peer that says nothing', () => {
  /** Every second a ping goes out, and something that waited, if the peer makes room. */
  function sendOn({ traffic, pass }: ReturnType<typeof watched>, takenAtOnce: number): void {
    for (let turn = 0; turn < 20; turn++) {
      pass(1000)
      traffic.sentBytes += 2
      traffic.takenBytes += takenAtOnce
    }
  }

  it('is not given up while it makes room for what has to wait, however slowly', () => {
    const stage = watched()
    stage.traffic.sentBytes = 1_000_000
    sendOn(stage, 1)
    expect(stage.seen.reasons).toEqual([])
  })

  it('is given up although the operating system has room for pings', () => {
    const stage = watched()
    sendOn(stage, 2)
    expect(stage.seen.reasons[0]).toBe('no byte for 5 s')
  })

  it('is given up when it makes no room', () => {
    const stage = watched()
    stage.traffic.sentBytes = 1_000_000
    sendOn(stage, 0)
    expect(stage.seen.reasons[0]).toBe('no byte for 5 s')
  })
})

describe('a peer whose session is asked for', () => {
  it('is pinged at once and given up when it does not answer in time', () => {
    const { liveness, ledger, seen } = watched()
    liveness.probe()
    expect(seen.pings).toBe(1)
    vi.advanceTimersByTime(299)
    expect(seen.reasons).toEqual([])
    vi.advanceTimersByTime(2)
    expect(seen.reasons).toHaveLength(1)
    expect(ledger.outstanding()).toEqual({})
  })

  it('stays when it answers', () => {
    const { liveness, seen, traffic } = watched()
    liveness.probe()
    traffic.receivedBytes += 1
    vi.advanceTimersByTime(1000)
    expect(seen.reasons).toEqual([])
  })

  it('stays when it makes room for what has to wait', () => {
    const { liveness, seen, traffic } = watched()
    traffic.sentBytes = 1_000_000
    liveness.probe()
    traffic.takenBytes += 1
    vi.advanceTimersByTime(1000)
    expect(seen.reasons).toEqual([])
  })

  it('stays when its answer is read late, because the gateway was held up', () => {
    const { liveness, seen, traffic } = watched()
    liveness.probe()
    vi.advanceTimersToNextTimer()
    traffic.receivedBytes += 1
    vi.advanceTimersByTime(1000)
    expect(seen.reasons).toEqual([])
  })

  it('is probed once at a time, and again later', () => {
    const { liveness, seen, traffic } = watched()
    liveness.probe()
    liveness.probe()
    expect(seen.pings).toBe(1)
    traffic.receivedBytes += 1
    vi.advanceTimersByTime(301)
    liveness.probe()
    expect(seen.pings).toBe(2)
  })

  it('is left alone once the connection is over', () => {
    const { liveness, ledger, seen } = watched()
    liveness.probe()
    liveness[Symbol.dispose]()
    vi.advanceTimersByTime(1000)
    expect(seen.reasons).toEqual([])
    expect(ledger.outstanding()).toEqual({})
  })
})
