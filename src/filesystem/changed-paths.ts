import type { Timers } from '../lifecycle/timers.ts'
import { maxChangedPaths } from './filesystem-limits.ts'

/** Changes within that time are told together. */
const coalesceMs = 50

/** Encoded paths of one notification: clients end the connection over one of 8,192 bytes. */
const maxEncodedPaths = 7000

export interface Changes {
  readonly paths: readonly string[]
  /** Something changed that is not named: look at everything again. */
  readonly overflow: boolean
}

export interface ChangedPathsOptions {
  readonly timers: Timers
  /** Resolves once the peer can take more, or never will. */
  readonly untilRoom: () => Promise<void>
  readonly tell: (changes: Changes) => void
}

/** Changes on their way to a client: each path once, a few notifications at a time, and never more than it can take. */
export class ChangedPaths implements Disposable {
  readonly #options: ChangedPathsOptions
  readonly #paths = new Set<string>()
  #isOverflown = false
  #timer: Disposable | undefined
  #isTelling = false
  #isOver = false

  constructor(options: ChangedPathsOptions) {
    this.#options = options
  }

  add(path: string): void {
    if (this.#paths.size >= maxChangedPaths || path.length > maxEncodedPaths) return this.overflow()
    if (!this.#isOverflown) this.#paths.add(path)
    this.#schedule()
  }

  overflow(): void {
    this.#isOverflown = true
    this.#paths.clear()
    this.#schedule()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
  }

  #schedule(): void {
    if (this.#isOver || this.#isTelling || this.#timer !== undefined) return
    this.#timer = this.#options.timers.after(coalesceMs, () => {
      this.#timer = undefined
      void this.#tell()
    })
  }

  async #tell(): Promise<void> {
    this.#isTelling = true
    await this.#options.untilRoom()
    this.#isTelling = false
    if (this.#isOver) return
    const overflow = this.#isOverflown
    const paths = [...this.#paths]
    this.#isOverflown = false
    this.#paths.clear()
    if (overflow) this.#options.tell({ paths: [], overflow })
    for (const batch of batches(paths)) this.#options.tell({ paths: batch, overflow: false })
  }
}

/** URIs are ASCII without quotes or backslashes, so that they are as long encoded, with quotes and a comma. */
function batches(paths: readonly string[]): string[][] {
  const all: string[][] = []
  let length = Infinity
  for (const path of paths) {
    length += path.length + 3
    if (length > maxEncodedPaths) {
      all.push([])
      length = path.length + 3
    }
    all.at(-1)?.push(path)
  }
  return all
}
