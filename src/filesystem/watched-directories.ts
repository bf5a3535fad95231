import { type FSWatcher, watch } from 'node:fs'
import type { EventBursts } from './event-bursts.ts'
import { join } from './native-path.ts'

/** Something happened to an entry of a watched directory. */
export interface EntryEvent {
  readonly directory: Buffer
  /** The entry, or `.` for the directory itself. */
  readonly name: Buffer
  /** Whether it came, went or was replaced, as opposed to being modified. */
  readonly isReplaced: boolean
}

/**
 * By what a directory is watched, so that its own events are told by that name: by the name in the path otherwise, and in that of whoever
 * watched the directory first in this process.
 */
export const itself = Buffer.from('.')

interface WatchOptions {
  readonly bursts: EventBursts
  readonly happened: (event: EntryEvent) => void
  readonly failed: () => void
}

/** Directories whose entries are watched. inotify(7) */
export class WatchedDirectories implements Disposable {
  readonly #watchers: FSWatcher[] = []
  readonly #losses: Disposable

  private constructor(losses: Disposable) {
    this.#losses = losses
  }

  /**
   * @param happened called for each event
   * @param failed called when a watcher breaks down, or events may have been lost
   * @throws when one of the directories cannot be watched
   */
  static watch(directories: Iterable<Buffer>, { bursts, happened, failed }: WatchOptions): WatchedDirectories {
    using starting = new DisposableStack()
    const watched = starting.use(new WatchedDirectories(bursts.whenLost(failed)))
    for (const directory of directories) {
      const watcher = watch(join(directory, itself), { encoding: 'buffer', persistent: false }, (type, name) => {
        bursts.happened()
        happened({ directory, name: name ?? itself, isReplaced: type === 'rename' })
      })
      watcher.on('error', failed)
      watched.#watchers.push(watcher)
    }
    starting.move()
    return watched
  }

  [Symbol.dispose](): void {
    this.#losses[Symbol.dispose]()
    for (const watcher of this.#watchers) watcher.close()
  }
}
