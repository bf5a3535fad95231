/** How long work waits for more: together it takes a fraction of what it takes one by one. */
const gatherMs = 10

/**
 * Work that nobody waits for, in its order: put off and gathered, so that being seen costs a request as little of its time as
 * possible.
 */
export class Afterwards {
  #work: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  add(work: () => void): void {
    this.#work.push(work)
    this.#timer ??= setTimeout(this.catchUp, gatherMs).unref()
  }

  /** Does now whatever was put off. */
  readonly catchUp = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const work = this.#work
    this.#work = []
    for (const each of work) each()
  }
}
