import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeChannel, GreetingChannel } from '../../test/support/fake-channel.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { Dial } from './channel.ts'
import { Link, type LinkState } from './link.ts'
import { RemoteProcess } from './remote-process.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], now: 0 })
})

afterEach(() => {
  vi.useRealTimers()
})

const unreachable = () => Promise.reject(new GatewayError('connectFailed', 'nobody listens'))

/** A link whose dialling a test controls; the first connection succeeds. */
async function openLink(dial: Dial = unreachable) {
  const first = new GreetingChannel()
  const states: LinkState[] = []
  const ledger = new Ledger()
  const dialledAt: number[] = []
  const dialling = { now: (): ReturnType<Dial> => Promise.resolve(first) }
  const link = await Link.open(
    {
      dial: signal => {
        dialledAt.push(Date.now())
        return dialling.now === undefined ? dial(signal) : dialling.now()
      },
      canReconnect: true,
      clientName: 'test',
      resumeSessionId: undefined,
      handshakeTimeoutMs: 10_000,
      limits: { recoveryMs: 45_000, retryMs: 100 },
      timers: new Timers(ledger),
      tracing: undefined,
      stateChanged: state => states.push(state),
    },
    new AbortController().signal,
  )
  dialledAt.length = 0
  const dialsWith = (dial: () => ReturnType<Dial>) => {
    dialling.now = dial
  }
  dialsWith(unreachable)
  return { link, first, states, dialledAt, dialsWith, outstanding: () => ledger.outstanding() }
}

it('tries every 100 ms, at once at first, until the 45 s are over', async () => {
  const { link, first, dialledAt, outstanding } = await openLink()
  first.ends('the network is down')
  await vi.advanceTimersByTimeAsync(1000)
  expect(dialledAt).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  await vi.advanceTimersByTimeAsync(43_999)
  expect(link.state).toBe('recovering')
  await vi.advanceTimersByTimeAsync(1)
  expect(link.state).toBe('failed')
  await expect(link.call('environment/status', null)).rejects.toThrow(
    'exec-server transport disconnected: the network is down; ' +
      'failed to resume exec-server session: recovery timed out after 45s',
  )
  expect(outstanding()).toEqual({})
})

it('gives every outage its own time', async () => {
  const { link, first, states, dialsWith } = await openLink()
  let channel: FakeChannel = first
  for (let outage = 0; outage < 2; outage++) {
    dialsWith(unreachable)
    channel.ends()
    await vi.advanceTimersByTimeAsync(40_000)
    expect(link.state).toBe('recovering')
    channel = new GreetingChannel()
    dialsWith(() => Promise.resolve(channel))
    await vi.advanceTimersByTimeAsync(100)
    expect(link.state).toBe('connected')
  }
  expect(states).toEqual(['recovering', 'connected', 'recovering', 'connected'])
})

it('gives up a connection that does not come about when the time is over', async () => {
  const { link, first, dialsWith } = await openLink()
  const aborted = vi.fn()
  dialsWith(() => new Promise(() => aborted()))
  first.ends()
  await vi.advanceTimersByTimeAsync(0)
  expect(aborted).toHaveBeenCalledOnce()
  await link[Symbol.asyncDispose]()
  expect(link.state).toBe('closed')
})

it('waits with a recovery until the outcome of a start is decided', async () => {
  const { link, first, dialledAt } = await openLink()
  const { promise, resolve } = Promise.withResolvers<void>()
  link.holdRecoveryFor(promise)
  first.ends()
  await vi.advanceTimersByTimeAsync(5000)
  expect(dialledAt).toEqual([])
  resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(dialledAt).toEqual([5000])
})

it('fails when a start is not decided before the time is over', async () => {
  const { link, first } = await openLink()
  link.holdRecoveryFor(new Promise(() => {}))
  first.ends()
  await vi.advanceTimersByTimeAsync(45_000)
  await expect(link.call('environment/status', null)).rejects.toThrow('recovery timed out after 45s')
})

it('ignores what an earlier connection still says', async () => {
  const { link, first, dialsWith, states } = await openLink()
  const process = new RemoteProcess('p', link)
  link.routes.add(process)
  const next = new GreetingChannel()
  dialsWith(() => Promise.resolve(next))
  first.ends()
  await vi.advanceTimersByTimeAsync(0)
  expect(link.state).toBe('connected')
  const late = { method: 'process/output', params: { processId: 'p', seq: 1, stream: 'stdout', chunk: 'YQ==' } }
  first.receives(late)
  expect(process.lastSeq).toBe(0)
  next.receives(late)
  expect(process.lastSeq).toBe(1)
  first.ends('once more')
  expect(states).toEqual(['recovering', 'connected'])
})

it('keeps the first reason for its failure', async () => {
  const { link, first } = await openLink()
  first.ends('first')
  await vi.advanceTimersByTimeAsync(45_000)
  await link[Symbol.asyncDispose]()
  await expect(link.call('environment/status', null)).rejects.toThrow('exec-server transport disconnected: first; ')
})

it('holds back whatever connection it has while a reader wants it to', async () => {
  const { link, first, dialsWith } = await openLink()
  const holds = [link.holdInput(), link.holdInput()]
  expect(first.isPaused).toBe(true)
  const next = new GreetingChannel()
  dialsWith(() => Promise.resolve(next))
  first.ends()
  await vi.advanceTimersByTimeAsync(0)
  expect(link.state).toBe('connected')
  expect(next.isPaused).toBe(true)
  holds[0]?.[Symbol.dispose]()
  holds[0]?.[Symbol.dispose]()
  expect(next.isPaused).toBe(true)
  holds[1]?.[Symbol.dispose]()
  expect(next.isPaused).toBe(false)
})
