import { scheduler } from 'node:timers/promises'

/** Items that are sorted in one go, which takes about a millisecond. */
const runLength = 4096

/** Items in order, however many: sorted run by run, others getting their turn in between, and merged as they are taken. */
export class SortedRuns<Item> {
  readonly #runs: { readonly items: Item[]; next: number }[] = []
  readonly #compare: (one: Item, other: Item) => number

  private constructor(compare: (one: Item, other: Item) => number) {
    this.#compare = compare
  }

  static async of<Item>(
    items: readonly Item[],
    compare: (one: Item, other: Item) => number,
  ): Promise<SortedRuns<Item>> {
    const sorted = new SortedRuns(compare)
    for (let start = 0; start < items.length; start += runLength) {
      if (start > 0) await scheduler.yield()
      sorted.#runs.push({ items: items.slice(start, start + runLength).toSorted(compare), next: 0 })
    }
    return sorted
  }

  /** The next items, fewer at the end. */
  take(count: number): Item[] {
    const taken: Item[] = []
    while (taken.length < count) {
      const first = this.#first()
      if (first === undefined) break
      taken.push(first)
    }
    return taken
  }

  #first(): Item | undefined {
    let least: { readonly items: Item[]; next: number } | undefined
    let first: Item | undefined
    for (const run of this.#runs) {
      const candidate = run.items[run.next]
      if (candidate === undefined || (first !== undefined && this.#compare(candidate, first) >= 0)) continue
      least = run
      first = candidate
    }
    if (least !== undefined) least.next += 1
    return first
  }
}
