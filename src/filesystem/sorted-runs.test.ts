import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedRuns } from './sorted-runs.ts'

const ascending = (one: number, other: number) => one - other

async function all(items: readonly number[], step: number): Promise<number[]> {
  const sorted = await SortedRuns.of(items, ascending)
  const taken: number[] = []
  for (let part = sorted.take(step); part.length > 0; part = sorted.take(step)) taken.push(...part)
  return taken
}

describe('sorted runs', () => {
  it('give everything in order, whatever the steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), async (items, step) => {
        expect(await all(items, step)).toEqual(items.toSorted(ascending))
      }),
    )
  })

  it('merge more than one run', async () => {
    const items = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 10_007)
    expect(await all(items, 500)).toEqual(items.toSorted(ascending))
  })

  it('give nothing of nothing', async () => {
    expect(await all([], 1)).toEqual([])
  })
})
