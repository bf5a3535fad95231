/** What the gateway owns and counts. Each kind is a closed set: it may become a metric. */
export const ownedKinds = [
  'connection',
  'session',
  'process',
  'request',
  'poll',
  'timer',
  'child',
  'file_handle',
  'file_watch',
  'fetch',
  'idle_connection',
] as const
export type OwnedKind = (typeof ownedKinds)[number]

/** The others are taken and released by one block, thousands of times a second. */
const longLived: ReadonlySet<OwnedKind> = new Set([
  'connection',
  'session',
  'process',
  'file_handle',
  'file_watch',
  'fetch',
  'idle_connection',
])

/**
 * Counts everything that is owned. Taking a guard counts up, disposing it counts down, once. The numbers are what
 * gauges report and what a leak test compares with zero.
 */
export class Ledger {
  readonly #leaked: FinalizationRegistry<OwnedKind>
  readonly #active = new Map<OwnedKind, number>(ownedKinds.map(kind => [kind, 0]))

  /** `leaked` is told of guards that are gone without having been released, which is a defect of the gateway. */
  constructor(leaked: (kind: OwnedKind) => void = () => {}) {
    this.#leaked = new FinalizationRegistry(leaked)
  }

  take(kind: OwnedKind): Guard {
    this.#move(kind, 1)
    const guard: Guard = new Guard(() => {
      this.#move(kind, -1)
      if (longLived.has(kind)) this.#leaked.unregister(guard)
    })
    if (longLived.has(kind)) this.#leaked.register(guard, kind, guard)
    return guard
  }

  active(kind: OwnedKind): number {
    return this.#active.get(kind) ?? 0
  }

  /** The kinds that are still held, with their counts. Empty when nothing is. */
  outstanding(): Partial<Record<OwnedKind, number>> {
    return Object.fromEntries([...this.#active].filter(([, count]) => count !== 0))
  }

  #move(kind: OwnedKind, step: number): void {
    this.#active.set(kind, this.active(kind) + step)
  }
}

/** Something that is held until it is disposed. Disposing again does nothing. */
export class Guard implements Disposable {
  #release: (() => void) | undefined

  constructor(release: () => void) {
    this.#release = release
  }

  [Symbol.dispose](): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }
}
