import { join } from './native-path.ts'
import { isSamePlan, planWatch, presentEntry, type WatchPlan } from './watch-plan.ts'
import { type EntryEvent, itself, WatchedDirectories } from './watched-directories.ts'

export interface WatchedPaths {
  readonly missing: readonly Buffer[]
  readonly present: Buffer | undefined
}

/** Watches that paths stay missing and another one stays as it is. Tells of the first change, then it is over. */
export class MissingWatch implements Disposable {
  readonly #guard: Disposable
  readonly #plan: WatchPlan
  readonly #changed: () => void
  #watched: WatchedDirectories | undefined
  #isStarted = false
  #isOver = false

  private constructor(plan: WatchPlan, guard: Disposable, changed: () => void) {
    this.#plan = plan
    this.#guard = guard
    this.#changed = changed
  }

  /**
   * Starts watching. A change while it starts is a reason not to.
   * @param guard released when the watch is over
   * @param changed called at most once, never before the watch is returned
   * @returns undefined when the paths are not as they should be, or cannot be watched
   */
  static async start(paths: WatchedPaths, guard: Disposable, changed: () => void): Promise<MissingWatch | undefined> {
    using starting = new DisposableStack()
    starting.use(guard)
    const plan = await planIfPossible(paths)
    if (plan === undefined) return undefined
    const watch = starting.use(new MissingWatch(plan, guard, changed))
    if (!watch.#begin()) return undefined
    // What happened before is seen by a second look, what happens from now on as an event.
    const again = await planIfPossible(paths)
    if (watch.#isOver || again === undefined || !isSamePlan(plan, again)) return undefined
    watch.#isStarted = true
    starting.move()
    return watch
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watched?.[Symbol.dispose]()
    this.#guard[Symbol.dispose]()
  }

  #begin(): boolean {
    try {
      this.#watched = WatchedDirectories.watch(this.#plan.directories, {
        happened: event => {
          this.#take(event)
        },
        failed: this.#end,
      })
      return true
    } catch {
      return false
    }
  }

  #take({ directory, name, isReplaced }: EntryEvent): void {
    const isOfInterest = this.#plan.names.get(directory.toString('latin1'))?.has(name.toString('latin1')) === true
    if (!isOfInterest && !name.equals(itself)) return
    const { present } = this.#plan
    // A link to a file, or a look at it, is told like a change of it.
    const isOther = present === undefined || present.isDirectory || !join(directory, name).equals(present.path)
    if (isReplaced || isOther) this.#end()
    else void this.#endUnlessPresent(present.path, present.print)
  }

  async #endUnlessPresent(path: Buffer, print: string): Promise<void> {
    const now = await presentEntry(path).catch(() => undefined)
    if (now?.print !== print) this.#end()
  }

  readonly #end = (): void => {
    if (this.#isOver) return
    this[Symbol.dispose]()
    if (this.#isStarted) this.#changed()
  }
}

async function planIfPossible({ missing, present }: WatchedPaths): Promise<WatchPlan | undefined> {
  try {
    return await planWatch(missing, present)
  } catch {
    return undefined
  }
}
