import type { Ledger } from '../lifecycle/ledger.ts'
import type { EventBursts } from './event-bursts.ts'
import { MissingWatch, type WatchedPaths } from './missing-watch.ts'

/** The watches of one connection: one at a time, each with a number greater than all before. */
export class MissingWatches implements Disposable {
  readonly #ledger: Ledger
  readonly #bursts: EventBursts
  readonly #changed: (id: bigint) => void
  #lastId = 0n
  #current: MissingWatch | undefined
  #isOver = false

  /** @param changed told of the change that ends a watch */
  constructor(ledger: Ledger, bursts: EventBursts, changed: (id: bigint) => void) {
    this.#ledger = ledger
    this.#bursts = bursts
    this.#changed = changed
  }

  /**
   * Watches these paths instead of others; none to watch nothing.
   * @returns whether they are watched
   */
  async watch(id: bigint, paths: WatchedPaths | undefined): Promise<boolean> {
    if (id <= this.#lastId) return false
    this.#lastId = id
    this.#current?.[Symbol.dispose]()
    this.#current = undefined
    if (paths === undefined) return false
    const watch = await MissingWatch.start(paths, {
      bursts: this.#bursts,
      guard: this.#ledger.take('file_watch'),
      changed: () => {
        this.#changed(id)
      },
    })
    if (watch === undefined) return false
    if (this.#isOver || id !== this.#lastId) {
      watch[Symbol.dispose]()
      return false
    }
    this.#current = watch
    return true
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#current?.[Symbol.dispose]()
  }
}
