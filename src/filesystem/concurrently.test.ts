import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { mapConcurrently } from './concurrently.ts'

const items = Array.from({ length: 100 }, (_, index) => index)

it('maps everything, a few at a time, in order', async () => {
  let underWay = 0
  let most = 0
  const results = await mapConcurrently(items, async item => {
    underWay += 1
    most = Math.max(most, underWay)
    await setImmediate()
    underWay -= 1
    return item * 2
  })
  expect(results).toEqual(items.map(item => item * 2))
  expect(most).toBe(16)
})

it('begins nothing after a failure and ends when nothing is under way', async () => {
  let underWay = 0
  let begun = 0
  const mapping = mapConcurrently(items, async item => {
    begun += 1
    underWay += 1
    if (item !== 3) await setImmediate()
    underWay -= 1
    if (item === 3) throw new Error('the third fails')
  })
  await expect(mapping).rejects.toThrow('the third fails')
  expect(underWay).toBe(0)
  expect(begun).toBe(16)
})
