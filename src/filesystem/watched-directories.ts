import { type FSWatcher, watch } from 'node:fs'

/** Something happened to an entry of a watched directory. */
export interface EntryEvent {
  readonly directory: Buffer
  /** The entry, or the directory itself by its own name. */
  readonly name: Buffer
  /** Whether it came, went or was replaced, as opposed to being modified. */
  readonly isReplaced: boolean
}

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
      const watcher = watch(directory, { encoding: 'buffer', persistent: false }, (type, name) => {
        happened({ directory, name: name ?? Buffer.alloc(0), isReplaced: type === 'rename' })
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
