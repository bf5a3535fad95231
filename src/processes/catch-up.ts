import type { Timers } from '../lifecycle/timers.ts'
import type { Delivery, Waiter } from './delivery.ts'

/** How long a resumed client that has received what it read last may take to read on, before the windows evict again. */
const patienceMs = 10_000

export interface CatchUpOptions {
  readonly delivery: Delivery
  readonly timers: Timers
  /** The client does not care to read the rest. */
  readonly givenUp: () => void
}

/**
 * A resumed client reads what it missed, of one process after the other, and may need long for each: it is waited for as long as it goes
 * on with that.
 */
export class CatchUp implements Waiter, Disposable {
  readonly #options: CatchUpOptions
  /** What is sent after this is what it read last. */
  #mark = 0
  #patience: Disposable | undefined

  constructor(options: CatchUpOptions) {
    this.#options = options
    this.goesOn()
  }

  /** The client is about to be sent something of what it missed. */
  goesOn(): void {
    this.#mark = this.#options.delivery.mark
    this.#wait()
  }

  // What the delivery tells

  roomMade(): void {}

  acknowledged(): void {
    this.#wait()
  }

  [Symbol.dispose](): void {
    this.#patience?.[Symbol.dispose]()
    this.#options.delivery.forget(this)
  }

  #wait(): void {
    this.#patience?.[Symbol.dispose]()
    this.#patience = this.#options.timers.after(patienceMs, this.#patienceEnded)
  }

  readonly #patienceEnded = (): void => {
    const { delivery, givenUp } = this.#options
    if (delivery.isConfirming && delivery.acknowledgedMark <= this.#mark) delivery.awaitAcknowledgement(this)
    else givenUp()
  }
}
