/** Lets a few at a time through, in the order they came. */
export class Turns {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves when it is the caller's turn, which lasts until the guard is disposed. */
  async take(): Promise<Disposable> {
    const turn = this.takeIfFree()
    if (turn !== undefined) return turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await promise
    return this.#turn()
  }

  /** The same, unless others are waiting or all turns are taken. */
  takeIfFree(): Disposable | undefined {
    if (this.#free === 0) return undefined
    this.#free -= 1
    return this.#turn()
  }

  #turn(): Disposable {
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        const next = this.#waiting.shift()
        if (next === undefined) this.#free += 1
        else next()
      },
    }
  }
}
