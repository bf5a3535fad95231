import type { TreeChange } from './watch-routes.ts'

/** Changed paths that wait for their reader, and their bytes. */
const maxPaths = 1000
const maxPathBytes = 1024 * 1024

/** Changes that wait to be read: put together to one, in which each path is named once, and of a bounded size. */
export class PendingChanges {
  readonly #paths = new Set<string>()
  #pathBytes = 0
  #isOverflown = false

  add({ paths, overflow }: TreeChange): void {
    if (overflow) this.#overflow()
    for (const path of paths) {
      if (this.#paths.has(path)) continue
      if (this.#paths.size >= maxPaths || this.#pathBytes + path.length > maxPathBytes) this.#overflow()
      this.#paths.add(path)
      this.#pathBytes += path.length
    }
  }

  /** Everything since it was last taken; undefined when there was nothing. */
  take(): TreeChange | undefined {
    if (this.#paths.size === 0 && !this.#isOverflown) return undefined
    const change = { paths: [...this.#paths], overflow: this.#isOverflown }
    this.clear()
    return change
  }

  clear(): void {
    this.#forgetPaths()
    this.#isOverflown = false
  }

  /** Whoever has to look at everything needs no names. */
  #overflow(): void {
    this.#forgetPaths()
    this.#isOverflown = true
  }

  #forgetPaths(): void {
    this.#paths.clear()
    this.#pathBytes = 0
  }
}
