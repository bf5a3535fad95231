/** System calls of one operation under way at the same time: all share the few threads that make them. */
const width = 16

/**
 * Maps with a few items under way at a time, results in the order of the items. The first failure begins nothing more, and is
 * thrown once nothing is under way: whatever the items use may be closed then.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const failures: unknown[] = []
  const remaining = items.entries()
  const work = async () => {
    for (const [index, item] of remaining) {
      try {
        results[index] = await map(item)
      } catch (error) {
        failures.push(error)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work))
  if (failures.length > 0) throw failures[0]
  return results
}
