import type { EventBursts } from './event-bursts.ts'
import { join } from './native-path.ts'
import { isSamePlan, planWatch, presentEntry, type WatchPlan } from './watch-plan.ts'
import { type EntryEvent, itself, WatchedDirectories } from './watched-directories.ts'

export interface WatchedPaths {
  readonly missing: readonly Buffer[]
  readonly present: Buffer | undefined
}

export interface MissingWatchOptions {
  readonly bursts: EventBursts
  /** Released when the watch is over. */
  readonly guard: Disposable
  /** Called at most once, never before the watch is returned. */
  readonly changed: () => void
}

/** Watches that paths stay missing and another one stays as it is. Tells of the first change, then it is over. */
export class MissingWatch implements Disposable {
  readonly #plan: WatchPlan
  readonly #options: MissingWatchOptions
  #watched: WatchedDirectories | undefined
  #isStarted = false
  #isOver = false

  private constructor(plan: WatchPlan, options: MissingWatchOptions) {
    this.#plan = plan
    this.#options = options
  }

  /**
   * Starts watching. A change while it starts is a reason not to.
   * @returns undefined when the paths are not as they should be, or cannot be watched
   */
  static async start(paths: WatchedPaths, options: MissingWatchOptions): Promise<MissingWatch | undefined> {
    using starting = new DisposableStack()
    starting.use(options.guard)
    const plan = await planIfPossible(paths)
    if (plan === undefined) return undefined
    const watch = starting.use(new MissingWatch(plan, options))
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
    this.#options.guard[Symbol.dispose]()
  }

  #begin(): boolean {
    try {
      this.#watched = WatchedDirectories.watch(this.#plan.directories, {
        bursts: this.#options.bursts,
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
    if (this.#isStarted) this.#options.changed()
  }
}

async function planIfPossible({ missing, present }: WatchedPaths): Promise<WatchPlan | undefined> {
  try {
    return await planWatch(missing, present)
  } catch {
    return undefined
  }
}
