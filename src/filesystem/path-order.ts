import { isWithin } from './native-path.ts'

/** What an operation is about. */
export interface Claim {
  /** Absolute and normalised. */
  readonly paths: readonly Buffer[]
  /** Whether it changes what is at the paths, or below. */
  readonly changes: boolean
}

interface HeldClaim extends Claim {
  readonly over: Promise<void>
}

/**
 * Keeps operations in the order they came wherever that makes a difference: one that changes something and one about the
 * same path, or about a path above or below it, wait for each other; all others run side by side. Paths are compared as they
 * are spelled: two names of one file, by links, are not seen to be the same.
 */
export class PathOrder {
  readonly #held = new Set<HeldClaim>()

  /** Runs the work once everything that came before and conflicts is over. The claim is made at once. */
  async run<Value>(claim: Claim, work: () => Promise<Value>): Promise<Value> {
    const before = [...this.#held].filter(held => conflicts(held, claim)).map(({ over }) => over)
    const { promise, resolve } = Promise.withResolvers<void>()
    const held: HeldClaim = { ...claim, over: promise }
    this.#held.add(held)
    try {
      if (before.length > 0) await Promise.all(before)
      return await work()
    } finally {
      this.#held.delete(held)
      resolve()
    }
  }
}

function conflicts(one: Claim, other: Claim): boolean {
  if (!one.changes && !other.changes) return false
  return one.paths.some(path => other.paths.some(another => isWithin(path, another) || isWithin(another, path)))
}
