import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { failureOf } from '../../test/support/failure-of.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { disconnected } from './call-errors.ts'
import { repeated } from './repeats.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'], now: 0 })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Attempts that last so long each and then are lost, and the pauses between them. */
async function lost({ attemptMs = 0, retryMs = 100, attempts = 20 }) {
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  let left = attempts
  const outcome = repeated(
    async () => {
      if (left-- === 0) return 'carried'
      vi.advanceTimersByTime(attemptMs)
      throw disconnected()
    },
    { retryMs, pause },
  )
  const ended = await outcome.catch((error: unknown) => (error as GatewayError).kind)
  return { ended, pauses }
}

it('pauses before the third attempt, then for twice as long each time', async () => {
  expect(await lost({ attempts: 7 })).toEqual({ ended: 'carried', pauses: [100, 200, 400, 800, 1600, 3200] })
  expect(await lost({ attempts: 1 })).toEqual({ ended: 'carried', pauses: [] })
})

it('gives up after the eighth loss in a row', async () => {
  expect(await lost({ attempts: 8 })).toMatchObject({ ended: 'disconnected' })
  expect(await lost({ attemptMs: 4999 })).toMatchObject({ ended: 'disconnected' })
})

it('pauses for no longer than 5 s', async () => {
  const { pauses } = await lost({ retryMs: 2000 })
  expect(pauses).toEqual([2000, 4000, 5000, 5000, 5000, 5000])
})

it('begins to count anew when an attempt has lasted for 5 s', async () => {
  expect(await lost({ attemptMs: 5000 })).toEqual({ ended: 'carried', pauses: [] })
})

it('repeats nothing but losses', async () => {
  const attempt = vi.fn().mockRejectedValue(new GatewayError('refused', 'no'))
  const failure = await failureOf(repeated(attempt, { retryMs: 100, pause: async () => {} }))
  expect(failure).toMatchObject({ kind: 'refused' })
  expect(attempt).toHaveBeenCalledOnce()
})
