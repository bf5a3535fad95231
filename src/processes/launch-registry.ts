/** Who had a process started. */
export interface Attribution {
  /** Number of the session. */
  readonly session: number
  readonly processId: string
  readonly traceId: string | undefined
}

/** Launches remembered: beyond this the oldest are forgotten, and who asked for them is unknown then. */
const maxRemembered = 20_000

/** What the mark of a process says about where it comes from. */
export interface LaunchNumbers {
  /** Of the session, which is not its id: that is a secret of its client. */
  readonly session: number
  readonly launch: number
}

/**
 * Numbers every launch of a gateway. The number is part of the mark its processes carry, so that whatever descends from a
 * launch can be attributed to it long after the process itself is gone.
 */
export class LaunchRegistry {
  readonly #attributions = new Map<number, Attribution>()
  #last = 0

  /** The number of the next launch. */
  number(attribution: Attribution): number {
    this.#last += 1
    this.#attributions.set(this.#last, attribution)
    if (this.#attributions.size > maxRemembered) {
      const [oldest] = this.#attributions.keys()
      if (oldest !== undefined) this.#attributions.delete(oldest)
    }
    return this.#last
  }

  /** The highest number that was given. */
  get last(): number {
    return this.#last
  }

  find(launch: number): Attribution | undefined {
    return this.#attributions.get(launch)
  }
}
