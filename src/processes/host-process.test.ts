import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeHost } from '../../test/support/fake-host.ts'
import { fakeStart } from '../../test/support/fake-start.ts'
import { outputChunkBytes } from '../protocol/limits.ts'
import { CatchUp } from './catch-up.ts'
import { tailMs } from './process-limits.ts'
import { chunkRecordBytes } from './retained-output.ts'

const idle = new AbortController().signal
const fromStart = { afterSeq: 0, maxBytes: undefined, waitMs: 0 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the output of a process', () => {
  it('is merged as far as it arrives in one turn, and numbered in order', async () => {
    const { child, delivery } = fakeStart()
    child.says('a')
    child.says('b')
    child.says('c', 'stderr')
    child.says('d')
    await turnOfTheLoop()
    child.says('e')
    await turnOfTheLoop()
    expect(delivery.summary).toEqual(['1 stdout ab', '2 stderr c', '3 stdout d', '4 stdout e'])
  })

  it('is held back while there is no room, and goes on in one piece when there is', async () => {
    const { child, delivery, host } = fakeStart()
    delivery.hasRoom = false
    child.says('a')
    await turnOfTheLoop()
    expect(child.isPaused).toBe(true)
    expect(delivery.summary).toEqual([])
    child.says('b')
    delivery.makeRoom()
    expect(child.isPaused).toBe(false)
    expect(delivery.summary).toEqual(['1 stdout ab'])
    expect(host.output.keptBytes).toBe(2 + chunkRecordBytes)
  })

  it('is not forgotten when somebody else has used up the room by the end of the turn', async () => {
    const { child, delivery } = fakeStart()
    child.says('a')
    delivery.hasRoom = false
    await turnOfTheLoop()
    expect(delivery.summary).toEqual([])
    delivery.makeRoom()
    expect(delivery.summary).toEqual(['1 stdout a'])
    expect(child.isPaused).toBe(false)
  })

  it('goes on with what was held back once the peer has confirmed what fills the window', async () => {
    const { child, delivery } = fakeStart({ host: fakeHost({ detachedOutputBytes: 2 * 1024 * 1024 }) })
    const chunk = 'x'.repeat(outputChunkBytes)
    while (!child.isPaused) {
      child.says(chunk)
      await turnOfTheLoop()
    }
    child.says('rest')
    await turnOfTheLoop()
    const seen = delivery.events.length
    delivery.acknowledge()
    await turnOfTheLoop()
    expect(child.isPaused).toBe(false)
    expect(delivery.events.length).toBeGreaterThan(seen)
    expect(delivery.summary.at(-1)?.endsWith('rest')).toBe(true)
  })

  it('wakes a reader that waits for it, also when there is no room', async () => {
    const { child, delivery, process } = fakeStart()
    delivery.hasRoom = false
    const page = process.read({ ...fromStart, waitMs: 1000 }, idle)
    child.says('a')
    expect(await page).toMatchObject({ nextSeq: 2, chunks: [{ seq: 1, stream: 'stdout' }] })
  })

  it('leaves a reader without news when its time is over', async () => {
    const { process } = fakeStart()
    const page = process.read({ ...fromStart, waitMs: 1000 }, idle)
    vi.advanceTimersByTime(1000)
    expect(await page).toMatchObject({ nextSeq: 1, chunks: [], exited: false })
  })

  it('is kept for a client that is away, until so much is kept that the process is held back', async () => {
    const { host, child, process, delivery } = fakeStart({ host: fakeHost({ detachedOutputBytes: 10 }) })
    process.detach()
    child.says('0123456789')
    await turnOfTheLoop()
    expect(child.isPaused).toBe(true)
    using catchUp = new CatchUp({ delivery, timers: host.timers, givenUp: () => {} })
    process.attach(delivery, catchUp)
    expect(child.isPaused).toBe(true)
    expect(process.read(fromStart, idle)).toMatchObject({ chunks: [{ seq: 1 }] })
    expect(child.isPaused).toBe(false)
    expect(delivery.summary).toEqual([])
  })
})

describe('the end of a process', () => {
  it('is told after its last output, and closed at once when nobody holds its streams', async () => {
    const { child, delivery, process, closings } = fakeStart()
    child.says('last')
    child.finishes(3)
    await turnOfTheLoop()
    expect(delivery.summary).toEqual(['1 stdout last', '2 exited 3', '3 closed'])
    expect(process.isClosed).toBe(true)
    expect(closings).toHaveLength(1)
  })

  it('waits a moment for a descendant that holds its streams, and goes on without it', () => {
    const { child, delivery, process } = fakeStart()
    child.exits(0)
    vi.advanceTimersByTime(tailMs - 1)
    expect(delivery.summary).toEqual([])
    vi.advanceTimersByTime(1)
    expect(delivery.summary).toEqual(['1 exited 0'])
    child.says('late')
    child.endsStream('stdout')
    child.endsStream('stderr')
    expect(delivery.summary).toEqual(['1 exited 0', '2 stdout late', '3 closed'])
    expect(process.isClosed).toBe(true)
  })

  it('does not go on without the tail while a slow peer holds it back', () => {
    const { child, delivery } = fakeStart()
    delivery.hasRoom = false
    child.says('tail')
    child.exits(0)
    vi.advanceTimersByTime(10 * tailMs)
    expect(delivery.summary).toEqual([])
    delivery.makeRoom()
    vi.advanceTimersByTime(tailMs)
    expect(delivery.summary).toEqual(['1 stdout tail', '2 exited 0'])
  })

  it('wakes readers for the exit and for the close', async () => {
    const { child, process } = fakeStart()
    const exit = process.read({ ...fromStart, waitMs: 60_000 }, idle)
    child.exits(7)
    vi.advanceTimersByTime(tailMs)
    expect(await exit).toMatchObject({ exited: true, exitCode: 7, closed: false, nextSeq: 2 })
    const close = process.read({ afterSeq: 1, maxBytes: undefined, waitMs: 60_000 }, idle)
    child.endStreams()
    expect(await close).toMatchObject({ closed: true, nextSeq: 3 })
  })

  it.each([
    ['success', 0, undefined],
    ['error', 1, undefined],
    ['error', 143, 15],
  ] as const)('counts as %s with code %i', (result, code, signal) => {
    const { child, host } = fakeStart()
    expect(host.metrics.active).toBe(1)
    child.finishes(code, signal)
    expect(host.metrics.active).toBe(0)
    expect(host.metrics.finished).toMatchObject({ [result]: 1 })
  })
})

describe('terminate', () => {
  it('kills once, tells the true end, and says that the process was running', async () => {
    const { child, delivery, process, host } = fakeStart()
    expect(process.terminate()).toBe(true)
    expect(process.terminate()).toBe(true)
    expect(child.asked).toEqual(['kill'])
    child.says('drained')
    await turnOfTheLoop()
    expect(delivery.summary.at(-2)).toBe('2 exited 137')
    expect(process.terminate()).toBe(false)
    expect(host.metrics.finished).toEqual({ success: 0, error: 0, terminated: 1, unknown: 0 })
  })

  it('counts as terminated although the process then ends with 0, and not when it had ended before', () => {
    const terminated = fakeStart({ host: fakeHost() })
    terminated.host.engine.mortality = []
    terminated.process.terminate()
    terminated.child.finishes(0)
    expect(terminated.host.metrics.finished).toMatchObject({ terminated: 1, success: 0 })
    const finished = fakeStart()
    finished.child.finishes(0)
    expect(finished.process.terminate()).toBe(false)
    expect(finished.host.metrics.finished).toMatchObject({ terminated: 0, success: 1 })
  })

  it('refuses writes that come later, and tells those that waited', async () => {
    const { child, process, host } = fakeStart()
    expect(process.write({ writeId: '1', bytes: Buffer.from('0123456789') }, idle)).toBe('accepted')
    const waiting = process.write({ writeId: '2', bytes: Buffer.from('more') }, idle)
    process.terminate()
    await expect(waiting).rejects.toThrow('failed to write to process stdin')
    expect(() => process.write({ writeId: '3', bytes: Buffer.from('x') }, idle)).toThrow(
      'failed to write to process stdin',
    )
    expect(child.stdin?.destroyed).toBe(true)
    expect(host.metrics.active).toBe(0)
  })
})

describe('standard input', () => {
  it('takes a write once, however often it is sent', () => {
    const { process } = fakeStart()
    expect(process.write({ writeId: '1', bytes: Buffer.from('a') }, idle)).toBe('accepted')
    expect(process.write({ writeId: '1', bytes: Buffer.from('a') }, idle)).toBe('accepted')
    expect(process.summary.queuedInputBytes).toBe(1)
  })

  it('is closed for a process that has none, or has ended', () => {
    const { process } = fakeStart({ streams: 'pipes without input' })
    expect(process.write({ writeId: '1', bytes: Buffer.from('a') }, idle)).toBe('stdinClosed')
    const ended = fakeStart()
    ended.child.finishes(0)
    expect(ended.process.write({ writeId: '1', bytes: Buffer.from('a') }, idle)).toBe('stdinClosed')
  })
})
