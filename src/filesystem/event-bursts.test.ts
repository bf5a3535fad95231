import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { EventBursts } from './event-bursts.ts'

it('takes many events in one turn for a loss, once for each such turn, and the same number over time for none', async () => {
  const bursts = new EventBursts(3)
  let losses = 0
  using _watch = bursts.whenLost(() => (losses += 1))
  for (let turn = 0; turn < 3; turn++) {
    bursts.happened()
    bursts.happened()
    await setImmediate()
  }
  expect(losses).toBe(0)
  for (let count = 0; count < 10; count++) bursts.happened()
  await setImmediate()
  expect(losses).toBe(1)
  for (let count = 0; count < 3; count++) bursts.happened()
  expect(losses).toBe(2)
})

it('tells everybody who watches, and nobody else', () => {
  const bursts = new EventBursts(1)
  const told: string[] = []
  using _one = bursts.whenLost(() => told.push('one'))
  {
    using _other = bursts.whenLost(() => told.push('other'))
    bursts.happened()
  }
  expect(told).toEqual(['one', 'other'])
})
