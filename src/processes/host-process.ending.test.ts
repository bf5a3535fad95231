import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeHost } from '../../test/support/fake-host.ts'
import { fakeStart } from '../../test/support/fake-start.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('ending a process with its session', () => {
  it('asks first, and is done when the process goes', async () => {
    const { child, process, host } = fakeStart()
    await process.end(2000)
    expect(child.asked).toEqual(['askToEnd'])
    expect(child.isDisposed).toBe(true)
    expect(host.metrics.finished).toMatchObject({ terminated: 1 })
    expect(host.ledger.outstanding()).toEqual({})
  })

  it('kills what has not gone within the grace', async () => {
    const host = fakeHost()
    host.engine.mortality = ['SIGKILL']
    const { child, process } = fakeStart({ host })
    const ended = process.end(2000)
    await vi.advanceTimersByTimeAsync(1999)
    expect(child.asked).toEqual(['askToEnd'])
    await vi.advanceTimersByTimeAsync(1)
    await ended
    expect(child.asked).toEqual(['askToEnd', 'killSession'])
    expect(host.ledger.outstanding()).toEqual({})
  })

  it('kills at once without a grace', async () => {
    const { child, process } = fakeStart()
    await process.end(0)
    expect(child.asked).toEqual(['killSession'])
  })

  it('does not wait for ever for a process that even SIGKILL does not end', async () => {
    const host = fakeHost()
    host.engine.mortality = []
    const { process } = fakeStart({ host })
    const ended = process.end(100)
    await vi.advanceTimersByTimeAsync(100 + host.limits.graceMs)
    await ended
    expect(host.metrics.finished).toMatchObject({ terminated: 1 })
    expect(host.ledger.outstanding()).toEqual({})
  })

  it('fails whoever still reads, and forgets the output', async () => {
    const host = fakeHost()
    host.engine.mortality = []
    const { process } = fakeStart({ host })
    const page = Promise.resolve(
      process.read({ afterSeq: 5, maxBytes: undefined, waitMs: 60_000 }, new AbortController().signal),
    )
    page.catch(() => {})
    host.engine.child.says('output')
    const ended = process.end(0)
    await vi.advanceTimersByTimeAsync(host.limits.graceMs)
    await expect(page).rejects.toThrow('unknown process id p')
    await ended
    expect(host.output.keptBytes).toBe(0)
    expect(host.ledger.outstanding()).toEqual({})
  })
})

describe('the receipt', () => {
  const receiptOf = (delivery: { events: readonly object[] }) =>
    delivery.events.flatMap(event => ('receipt' in event ? [event.receipt] : []))[0]

  it('tells what the process did', async () => {
    const { child, delivery, process } = fakeStart()
    child.says('abc')
    child.says('de', 'stderr')
    vi.advanceTimersByTime(1500)
    child.finishes(0)
    await turnOfTheLoop()
    const receipt = {
      cause: 'exit',
      signal: null,
      wallMs: 1500,
      cpuMs: 0,
      peakMemoryBytes: null,
      outputBytes: { stdout: 3, stderr: 2, pty: 0 },
      evictedBytes: 0,
    }
    expect(receiptOf(delivery)).toEqual(receipt)
    const page = process.read({ afterSeq: 0, maxBytes: undefined, waitMs: 0 }, new AbortController().signal)
    expect(page).toMatchObject({ receipt })
  })

  it('is not there before the exit', () => {
    const { process } = fakeStart()
    const page = process.read({ afterSeq: 0, maxBytes: undefined, waitMs: 0 }, new AbortController().signal)
    expect(page).not.toHaveProperty('receipt')
  })

  it.each([
    ['signal', () => {}],
    ['terminated', (process: { terminate(): boolean }) => process.terminate()],
  ] as const)('names the cause of a death by a signal: %s', (cause, act) => {
    const host = fakeHost()
    host.engine.mortality = []
    const { child, delivery, process } = fakeStart({ host })
    act(process)
    child.finishes(137, 9)
    expect(receiptOf(delivery)).toMatchObject({ cause, signal: 9 })
  })

  it('does not blame the client for an exit it did not cause', () => {
    const host = fakeHost()
    host.engine.mortality = []
    const { child, delivery, process } = fakeStart({ host })
    process.terminate()
    child.finishes(3)
    expect(receiptOf(delivery)).toMatchObject({ cause: 'exit', signal: null })
  })
})
