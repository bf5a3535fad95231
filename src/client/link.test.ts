import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeChannel, GreetingChannel } from '../../test/support/fake-channel.ts'
import { failureOf } from '../../test/support/failure-of.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { Dial } from './channel.ts'
import { Link, type LinkState } from './link.ts'
import { processInput } from './process-input.ts'
import { RemoteProcess } from './remote-process.ts'
import { TreeWatch } from './tree-watch.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: 0,
  })
})

afterEach(() => {
  vi.useRealTimers()
})

const unreachable = () => Promise.reject(new GatewayError('connectFailed', 'nobody listens'))

/** What every request but the first of a session meets. */
class DefiantChannel extends GreetingChannel {
  readonly #askedAt: number[]
  readonly #defy: (channel: DefiantChannel, id: unknown) => void

  constructor(askedAt: number[], defy: (channel: DefiantChannel, id: unknown) => void) {
    super()
    this.#askedAt = askedAt
    this.#defy = defy
  }

  override send(text: string): void {
    super.send(text)
    const { method, id } = this.sent.at(-1) ?? {}
    if (method === 'initialize' || id === undefined) return
    this.#askedAt.push(Date.now())
    this.#defy(this, id)
  }
}

const breaks = (channel: DefiantChannel) => channel.ends()
const refuses = (channel: DefiantChannel, id: unknown) =>
  channel.receives({ id, error: { code: -32_000, message: 'JSON-RPC transport closed' } })

/** A link whose connections are all like this, and when it asked for something. */
async function openDefied(defy: (channel: DefiantChannel, id: unknown) => void) {
  const opened = await openLink()
  const askedAt: number[] = []
  opened.dialsWith(() => Promise.resolve(new DefiantChannel(askedAt, defy)))
  opened.first.ends()
  await vi.advanceTimersByTimeAsync(0)
  // From here on what happened before is long ago.
  await vi.advanceTimersByTimeAsync(1000)
  vi.setSystemTime(0)
  return { ...opened, askedAt }
}

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

/** What was said by a process that runs on. */
const whatWasMissed = (text: string) => ({
  chunks: [{ seq: 1, stream: 'stdout', chunk: Buffer.from(text).toString('base64') }],
  nextSeq: 2,
  exited: false,
  exitCode: null,
  closed: false,
  failure: null,
  sandboxDenied: false,
})

it('goes on catching up as long as that gets anywhere', async () => {
  const { link, first, dialsWith, outstanding } = await openLink()
  const processes = ['p', 'q', 'r'].map(id => new RemoteProcess(id, link))
  for (const process of processes) {
    link.routes.add(process)
    process.started()
  }
  const next = new GreetingChannel()
  dialsWith(() => Promise.resolve(next))
  first.ends()
  for (const { id } of processes) {
    await vi.advanceTimersByTimeAsync(40_000)
    expect(link.state).toBe('recovering')
    const read = next.sent.find(({ params }) => (params as { processId?: string }).processId === id)
    next.receives({ id: read?.id, result: whatWasMissed(id) })
  }
  await vi.advanceTimersByTimeAsync(0)
  expect(link.state).toBe('connected')
  expect(processes.map(({ lastSeq }) => lastSeq)).toEqual([1, 1, 1])
  expect(outstanding()).toEqual({})
})

it('gives up catching up when nothing is told for 45 s, on however many connections', async () => {
  const { link, first, dialsWith } = await openLink()
  const process = new RemoteProcess('p', link)
  link.routes.add(process)
  process.started()
  dialsWith(() => {
    const channel = new GreetingChannel()
    setTimeout(() => channel.ends(), 10_000)
    return Promise.resolve(channel)
  })
  first.ends()
  await vi.advanceTimersByTimeAsync(44_999)
  expect(link.state).toBe('recovering')
  await vi.advanceTimersByTimeAsync(1)
  expect(link.state).toBe('failed')
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

it.each([
  ['breaks the connection', breaks],
  ['says that the connection behind it has broken', refuses],
])('repeats a call less and less often to a server that %s, and gives it up', async (_, defy) => {
  const { link, askedAt, outstanding } = await openDefied(defy)
  const read = link.call('fs/readFile', { path: 'file:///a' }, { repeats: true })
  const failure = failureOf(read)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(askedAt).toEqual([0, 0, 100, 300, 700, 1500, 3100, 6300])
  expect(await failure).toMatchObject({ kind: 'disconnected' })
  expect(link.state).toBe('connected')
  expect(outstanding()).toEqual({})
})

it('goes on repeating a call that each connection carries for a while', async () => {
  const { link, askedAt } = await openDefied(channel => void setTimeout(() => channel.ends(), 5000))
  const abort = new AbortController()
  const read = link.call('fs/readFile', { path: 'file:///a' }, { repeats: true, signal: abort.signal })
  const failure = failureOf(read)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(askedAt).toHaveLength(13)
  abort.abort(new Error('enough'))
  expect(await failure).toMatchObject({ message: 'enough' })
})

it('counts the losses of each part of an input by themselves', async () => {
  const written: { writeId: string; bytes: number }[] = []
  const { link, askedAt } = await openDefied((channel, id) => {
    // Of each part the eighth attempt is the first that is answered.
    if (askedAt.length % 8 !== 0) return channel.ends()
    const { params } = channel.sent.at(-1) ?? {}
    const { chunk, writeId } = params as { chunk: string; writeId: string }
    written.push({ writeId, bytes: Buffer.from(chunk, 'base64').length })
    channel.receives({ id, result: { status: 'accepted' } })
  })
  const mebibyte = 1024 * 1024
  const input = processInput(new RemoteProcess('p', link), 'pipe').getWriter()
  const writing = input.write(Buffer.alloc(3 * mebibyte + 1))
  await Promise.all([writing, vi.advanceTimersByTimeAsync(60_000)])
  expect(written.map(({ bytes }) => bytes)).toEqual([mebibyte, mebibyte, mebibyte, 1])
  expect(new Set(written.map(({ writeId }) => writeId)).size).toBe(4)
})

it.each([
  ['that nobody else can end', undefined],
  ['of a caller that goes on', new AbortController().signal],
])('ends the pause before a call is repeated with the client: one %s', async (_, signal) => {
  const { link, outstanding } = await openDefied(refuses)
  const read = link.call('fs/readFile', { path: 'file:///a' }, { repeats: true, signal })
  const failure = failureOf(read)
  await vi.advanceTimersByTimeAsync(1600)
  expect(outstanding()).toEqual({ timer: 1 })
  await link[Symbol.asyncDispose]()
  expect(await failure).toMatchObject({ kind: 'sessionLost' })
  expect(outstanding()).toEqual({})
})

it('does not dial without pause when each connection ends as soon as it is there', async () => {
  const { first, dialledAt, dialsWith, states } = await openLink()
  dialsWith(() => {
    const channel = new GreetingChannel()
    setTimeout(() => channel.ends(), 1)
    return Promise.resolve(channel)
  })
  first.ends()
  await vi.advanceTimersByTimeAsync(1000)
  expect(dialledAt).toEqual([0, 101, 202, 303, 404, 505, 606, 707, 808, 909])
  expect(states.slice(0, 4)).toEqual(['recovering', 'connected', 'recovering', 'connected'])
})

it.each([
  ['breaks the connection', breaks],
  ['says that the connection behind it has broken', refuses],
])('ends a watch that the server does not take up again: it %s', async (_, defy) => {
  const { link, first, dialsWith, outstanding } = await openLink()
  const opening = TreeWatch.open(link, 'file:///tree', undefined)
  await vi.advanceTimersByTimeAsync(0)
  first.receives({ id: first.sent.at(-1)?.id, result: {} })
  const watch = await opening
  const askedAt: number[] = []
  dialsWith(() => Promise.resolve(new DefiantChannel(askedAt, defy)))
  first.ends()
  const failure = failureOf(Array.fromAsync(watch))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await failure).toMatchObject({ kind: 'disconnected' })
  expect(askedAt).toHaveLength(8)
  expect(outstanding()).toEqual({})
})

it('ends the pause before a watch is asked for again with the watch', async () => {
  const { link, outstanding } = await openDefied(refuses)
  const abort = new AbortController()
  const failure = failureOf(TreeWatch.open(link, 'file:///tree', abort.signal))
  await vi.advanceTimersByTimeAsync(1600)
  expect(outstanding()).toEqual({ timer: 1 })
  abort.abort(new Error('enough'))
  expect(await failure).toMatchObject({ message: 'enough' })
  await vi.advanceTimersByTimeAsync(0)
  expect(outstanding()).toEqual({})
})
