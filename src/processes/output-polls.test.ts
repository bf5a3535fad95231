import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { OutputPolls, PollsEnded } from './output-polls.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function polling() {
  const ledger = new Ledger()
  const polls = new OutputPolls(ledger, new Timers(ledger))
  const abort = new AbortController()
  let isReady = false
  return {
    ledger,
    polls,
    abort,
    wait: async (waitMs = 1000) => {
      await polls.wait(() => isReady, waitMs, abort.signal)
    },
    becomeReady: () => {
      isReady = true
    },
    /** Every way a wait can end takes its guards and listeners back. */
    expectNothingLeft: () => {
      expect(polls.isEmpty).toBe(true)
      expect(ledger.outstanding()).toEqual({})
      expect(vi.getTimerCount()).toBe(0)
    },
  }
}

describe('a wait', () => {
  test('is over at once when there is something to report', async () => {
    const { wait, becomeReady, expectNothingLeft } = polling()
    becomeReady()
    await wait()
    expectNothingLeft()
  })

  test('of no time is over at once', async () => {
    const { wait, expectNothingLeft } = polling()
    await wait(0)
    expectNothingLeft()
  })

  test('is over when something happened and it is what it waits for', async () => {
    const { polls, ledger, wait, becomeReady, expectNothingLeft } = polling()
    const settled = vi.fn()
    const waiting = wait().then(settled)
    expect(ledger.outstanding()).toEqual({ poll: 1, timer: 1 })
    polls.wake()
    await vi.advanceTimersByTimeAsync(0)
    expect(settled).not.toHaveBeenCalled()
    becomeReady()
    polls.wake()
    await waiting
    expectNothingLeft()
  })

  test('is over at its deadline with nothing to report', async () => {
    const { wait, expectNothingLeft } = polling()
    const settled = vi.fn()
    const waiting = wait(1000).then(settled)
    await vi.advanceTimersByTimeAsync(999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expectNothingLeft()
  })

  test('fails with the reason of its signal', async () => {
    const { abort, wait, expectNothingLeft } = polling()
    const waiting = wait()
    abort.abort(new Error('the connection has ended'))
    await expect(waiting).rejects.toThrow('the connection has ended')
    expectNothingLeft()
  })

  test('fails at once under a signal that was aborted before', async () => {
    const { abort, wait, expectNothingLeft } = polling()
    abort.abort(new Error('the connection has ended'))
    await expect(wait()).rejects.toThrow('the connection has ended')
    expectNothingLeft()
  })

  test('has something to report even under a signal that was aborted before', async () => {
    const { abort, wait, becomeReady } = polling()
    abort.abort(new Error('the connection has ended'))
    becomeReady()
    await expect(wait()).resolves.toBeUndefined()
  })

  test('is over in order when polls are ended', async () => {
    const { abort, wait, expectNothingLeft } = polling()
    const waiting = wait()
    abort.abort(new PollsEnded())
    await waiting
    expectNothingLeft()
  })

  test('is over in order when polls had been ended before it began', async () => {
    const { abort, wait, expectNothingLeft } = polling()
    abort.abort(new PollsEnded())
    await wait()
    expectNothingLeft()
  })

  test('leaves no listener on the signal of its connection', async () => {
    const { abort, polls, wait, becomeReady } = polling()
    using added = vi.spyOn(abort.signal, 'addEventListener')
    using removed = vi.spyOn(abort.signal, 'removeEventListener')
    const waiting = wait()
    becomeReady()
    polls.wake()
    await waiting
    expect(added).toHaveBeenCalledOnce()
    expect(removed.mock.calls).toEqual(added.mock.calls)
  })
})

test('all waits fail together, and later ones do not', async () => {
  const { polls, wait, expectNothingLeft } = polling()
  const waits = [wait(), wait()].map(waiting => waiting.catch(String))
  polls.failAll(new Error('unknown process id p'))
  expect(await Promise.all(waits)).toEqual(['Error: unknown process id p', 'Error: unknown process id p'])
  const later = wait(10)
  await vi.advanceTimersByTimeAsync(10)
  await later
  expectNothingLeft()
})

test('one wait that fails does not disturb another', async () => {
  const { polls, ledger, wait, becomeReady } = polling()
  const aborted = new AbortController()
  const failing = polls.wait(() => false, 1000, aborted.signal)
  const waiting = wait()
  aborted.abort(new Error('gone'))
  await expect(failing).rejects.toThrow('gone')
  expect(ledger.active('poll')).toBe(1)
  becomeReady()
  polls.wake()
  await waiting
})

test('no wake-up is lost, however events and waits are interleaved', async () => {
  // Each reader waits for a count of events; what it waits for may have happened before, or happens right after.
  const step = fc.oneof(
    fc.record({ waitsFor: fc.nat(20) }),
    fc.constant('event' as const),
    fc.constant('turn' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { polls, abort, expectNothingLeft } = polling()
      let events = 0
      const readers: { target: number; wasAnswered: boolean }[] = []
      const waits: Promise<void>[] = []
      for (const step of steps) {
        if (step === 'event') {
          events += 1
          polls.wake()
        } else if (step === 'turn') {
          await Promise.resolve()
        } else {
          const reader = { target: step.waitsFor, wasAnswered: false }
          readers.push(reader)
          const wait = Promise.resolve(polls.wait(() => events >= reader.target, 1000, abort.signal))
          waits.push(
            wait.then(() => {
              reader.wasAnswered = true
            }),
          )
        }
      }
      await vi.advanceTimersByTimeAsync(0)
      expect(readers.map(reader => reader.wasAnswered)).toEqual(readers.map(reader => events >= reader.target))
      abort.abort(new PollsEnded())
      await Promise.all(waits)
      expectNothingLeft()
    }),
  )
})
