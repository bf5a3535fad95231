import { isWithin } from './native-path.ts'

/** What an operation is about. */
export interface Claim {
  /** Absolute and normalised. */
  readonly paths: readonly Buffer[]
  /** Whether it changes what is at the paths, or below. */
  readonly changes: boolean
}

/** A place in the order, until it is disposed. */
export interface HeldClaim extends Claim, Disposable {
  /** Settles when everything is over that came before and conflicts; undefined when there is nothing. */
  readonly ready: Promise<unknown> | undefined
  readonly over: Promise<void>
}

/**
 * Keeps operations in the order they came wherever that makes a difference: one that changes something and one about the
 * same path, or about a path above or below it, wait for each other; all others run side by side. Paths are compared as they
 * are spelled: two names of one file, by links, are not seen to be the same.
 */
export class PathOrder {
  readonly #held = new Set<HeldClaim>()

  /** Takes the next place in the order. */
  claim(claim: Claim): HeldClaim {
    const before = [...this.#held].filter(held => conflicts(held, claim)).map(({ over }) => over)
    const { promise, resolve } = Promise.withResolvers<void>()
    const held: HeldClaim = {
      ...claim,
      // Nobody else's turn may come in between while there is nothing to wait for.
      ready: before.length === 0 ? undefined : Promise.all(before),
      over: promise,
      [Symbol.dispose]: () => {
        this.#held.delete(held)
        resolve()
      },
    }
    this.#held.add(held)
    return held
  }

  /** Runs the work once everything that came before and conflicts is over; at once when there is nothing. */
  async run<Value>(claim: Claim, work: () => Promise<Value>): Promise<Value> {
    using held = this.claim(claim)
    if (held.ready !== undefined) await held.ready
    return await work()
  }
}

function conflicts(one: Claim, other: Claim): boolean {
  if (!one.changes && !other.changes) return false
  return one.paths.some(path => other.paths.some(another => isWithin(path, another) || isWithin(another, path)))
}
