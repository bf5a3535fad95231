import { expect, it } from 'vitest'
import { eachAtOnce } from './each-at-once.ts'

const failure = new Error('enough')

it('does a few things at a time, each once', async () => {
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
  const begun: number[] = []
  const all = eachAtOnce([...gates.keys()], { width: 2, signal: undefined }, async index => {
    begun.push(index)
    await gates[index]?.promise
  })
  expect(begun).toEqual([0, 1])
  for (const gate of gates) gate.resolve()
  await all
  expect(begun.toSorted()).toEqual([0, 1, 2, 3, 4])
})

it('aborts what is under way after a failure, waits for it, and begins nothing more', async () => {
  const ends: unknown[] = []
  const all = eachAtOnce([1, 2, 3], { width: 2, signal: undefined }, async (item, signal) => {
    if (item === 2) throw failure
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    ends.push(item, signal.reason)
  })
  await expect(all).rejects.toBe(failure)
  expect(ends).toEqual([1, failure])
})

it('begins nothing once it is aborted', async () => {
  const all = eachAtOnce([1], { width: 1, signal: AbortSignal.abort(failure) }, () =>
    Promise.reject(new Error('begun')),
  )
  await expect(all).rejects.toBe(failure)
})
