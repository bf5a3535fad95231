/**
 * Work that nobody waits for, in its order: put off until the event loop has sent what it had to send, so that being seen
 * costs a request as little of its time as possible.
 */
export class Afterwards {
  #work: (() => void)[] = []

  add(work: () => void): void {
    if (this.#work.push(work) === 1) setImmediate(this.catchUp)
  }

  /** Does now whatever was put off. */
  readonly catchUp = (): void => {
    const work = this.#work
    this.#work = []
    for (const each of work) each()
  }
}
