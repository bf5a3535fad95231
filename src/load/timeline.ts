/** What happened in a stretch of a run. */
export interface Stretch {
  readonly beginMs: number
  readonly widthMs: number
  readonly count: number
  readonly meanMs: number
  readonly maxMs: number
}

interface Slot {
  count: number
  sumMs: number
  maxMs: number
}

const firstWidthMs = 100
const maxSlots = 240

/** Latency over the time of a run, in a bounded number of stretches: when there are too many, neighbours become one. */
export class Timeline {
  #widthMs = firstWidthMs
  #slots: Slot[] = []

  /** `atMs`: since the start of the run. */
  record(atMs: number, latencyMs: number): void {
    while (Math.floor(atMs / this.#widthMs) >= maxSlots) this.#fold()
    const index = Math.max(Math.floor(atMs / this.#widthMs), 0)
    while (this.#slots.length <= index) this.#slots.push({ count: 0, sumMs: 0, maxMs: 0 })
    const slot = this.#slots[index]
    if (slot === undefined) return
    slot.count += 1
    slot.sumMs += latencyMs
    slot.maxMs = Math.max(slot.maxMs, latencyMs)
  }

  /** Those in which something happened, in order. */
  stretches(): Stretch[] {
    return this.#slots.flatMap(({ count, sumMs, maxMs }, index) =>
      count === 0
        ? []
        : [{ beginMs: index * this.#widthMs, widthMs: this.#widthMs, count, meanMs: sumMs / count, maxMs }],
    )
  }

  #fold(): void {
    this.#widthMs *= 2
    const folded: Slot[] = []
    for (const [index, { count, sumMs, maxMs }] of this.#slots.entries()) {
      const into = (folded[Math.floor(index / 2)] ??= { count: 0, sumMs: 0, maxMs: 0 })
      into.count += count
      into.sumMs += sumMs
      into.maxMs = Math.max(into.maxMs, maxMs)
    }
    this.#slots = folded
  }
}
