import { isWithin } from './native-path.ts'

/** What an operation is about. */
export interface Claim {
  /** Absolute and normalised. */
  readonly paths: readonly Buffer[]
  /** Whether it changes what is at the paths, or below. */
  readonly changes: boolean
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
    const held = new HeldClaim(claim, this.#held)
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

/** A place in the order, until it is disposed. */
export class HeldClaim implements Disposable {
  /** Settles when everything is over that came before and conflicts; undefined when there is nothing. */
  readonly ready: Promise<unknown> | undefined
  readonly #claim: Claim
  readonly #all: Set<HeldClaim>
  /** Made for the first one that has to wait for it. */
  #over: PromiseWithResolvers<void> | undefined

  /** @param all those before it, of which it becomes one */
  constructor(claim: Claim, all: Set<HeldClaim>) {
    this.#claim = claim
    this.#all = all
    let before: Promise<void>[] | undefined
    for (const held of all) if (conflicts(held.#claim, claim)) (before ??= []).push(held.over)
    // Nobody else's turn may come in between while there is nothing to wait for.
    this.ready = before && Promise.all(before)
  }

  /** Settles when it is disposed. */
  get over(): Promise<void> {
    this.#over ??= Promise.withResolvers<void>()
    return this.#over.promise
  }

  [Symbol.dispose](): void {
    this.#all.delete(this)
    this.#over?.resolve()
  }
}

function conflicts(one: Claim, other: Claim): boolean {
  if (!one.changes && !other.changes) return false
  return one.paths.some(path => other.paths.some(another => isWithin(path, another) || isWithin(another, path)))
}
