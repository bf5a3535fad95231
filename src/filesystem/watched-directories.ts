import { type FSWatcher, watch } from 'node:fs'
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

/** Directories whose entries are watched. inotify(7) */
export class WatchedDirectories implements Disposable {
  readonly #watchers: FSWatcher[] = []

  /**
   * @param happened called for each event
   * @param failed called when a watcher breaks down
   * @throws when one of the directories cannot be watched
   */
  static watch(
    directories: Iterable<Buffer>,
    { happened, failed }: { readonly happened: (event: EntryEvent) => void; readonly failed: () => void },
  ): WatchedDirectories {
    using starting = new DisposableStack()
    const watched = starting.use(new WatchedDirectories())
    for (const directory of directories) {
      const watcher = watch(join(directory, itself), { encoding: 'buffer', persistent: false }, (type, name) => {
        happened({ directory, name: name ?? itself, isReplaced: type === 'rename' })
      })
      watcher.on('error', failed)
      watched.#watchers.push(watcher)
    }
    starting.move()
    return watched
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close()
  }
}
