/** What was measured again and again, in order of size. */
export class Samples {
  readonly #sorted: Float64Array

  constructor(values: readonly number[]) {
    this.#sorted = Float64Array.from(values).toSorted()
  }

  get p50(): number {
    return this.#quantile(0.5)
  }

  get p95(): number {
    return this.#quantile(0.95)
  }

  get p99(): number {
    return this.#quantile(0.99)
  }

  /** The nearest rank; NaN without samples. */
  #quantile(share: number): number {
    return this.#sorted[Math.ceil(this.#sorted.length * share) - 1] ?? Number.NaN
  }
}

/** One uninterrupted stretch of measuring one side. */
export type Turn = () => Promise<readonly number[]>

export interface Comparison<Side extends string> {
  /** Turns of each side: an even number keeps the order balanced. */
  readonly turns: number
  /** Turns of each side before that, whose samples are dropped. */
  readonly warmUpTurns: number
  readonly sides: Readonly<Record<Side, Turn>>
}

/**
 * Measures all sides in one run, in the order ABBA ABBA …: whatever else the machine does, now or increasingly, does not
 * favour one of them.
 */
export async function takeTurns<Side extends string>(comparison: Comparison<Side>): Promise<Record<Side, Samples>> {
  const forward = Object.entries<Turn>(comparison.sides)
  const backward = forward.toReversed()
  const collected = new Map<string, number[]>(forward.map(([side]) => [side, []]))
  for (let index = -comparison.warmUpTurns; index < comparison.turns; index++) {
    for (const [side, turn] of index % 2 === 0 ? forward : backward) {
      const values = await turn()
      if (index >= 0) collected.get(side)?.push(...values)
    }
  }
  return Object.fromEntries(Array.from(collected, ([side, values]) => [side, new Samples(values)])) as Record<
    Side,
    Samples
  >
}

/** A turn of one measurement after the other. */
export function oneByOne(count: number, measure: () => Promise<number>): Turn {
  return async () => {
    const values: number[] = []
    while (values.length < count) values.push(await measure())
    return values
  }
}
