import type { Ledger } from '../lifecycle/ledger.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { PathUri } from '../protocol/path-uri.ts'
import { ChangedPaths, type Changes, type ChangedPathsOptions } from './changed-paths.ts'
import { isErrno } from './errno.ts'
import type { EventBursts } from './event-bursts.ts'
import { maxHandleIdBytes, maxTreeWatches } from './filesystem-limits.ts'
import type { Territory } from './territory.ts'
import { TreeWatch } from './tree-watch.ts'

export interface TreeWatchesOptions extends Omit<ChangedPathsOptions, 'tell'> {
  readonly ledger: Ledger
  readonly territory: Territory
  readonly bursts: EventBursts
  readonly tell: (id: string, changes: Changes) => void
}

interface WatchedTree {
  /** `undefined` while it is being started. */
  watch: TreeWatch | undefined
}

/** The watched trees of one connection, by the ids it chose. */
export class TreeWatches implements Disposable {
  readonly #watches = new Map<string, WatchedTree>()
  readonly #options: TreeWatchesOptions

  constructor(options: TreeWatchesOptions) {
    this.#options = options
  }

  /** @throws GatewayError for an id that is too long or taken, beyond 8 watches, and when the tree cannot be watched */
  async watch(id: string, root: { readonly path: Buffer; readonly uri: PathUri }): Promise<void> {
    if (Buffer.byteLength(id) > maxHandleIdBytes) {
      throw new GatewayError('invalidRequest', `watch ID must not exceed ${maxHandleIdBytes} bytes`)
    }
    if (this.#watches.has(id)) throw new GatewayError('invalidRequest', `watch \`${id}\` already exists`)
    if (this.#watches.size >= maxTreeWatches) {
      const text = `at most ${maxTreeWatches} trees may be watched per connection`
      throw GatewayError.limit('maxTreeWatches', maxTreeWatches, text)
    }
    const tree: WatchedTree = { watch: undefined }
    this.#watches.set(id, tree)
    const { ledger, territory, bursts, tell, ...delivery } = this.#options
    const changes = new ChangedPaths({
      ...delivery,
      tell: told => {
        tell(id, told)
      },
    })
    try {
      const watch = await TreeWatch.start(root, { territory, bursts, changes, guard: ledger.take('file_watch') })
      if (this.#watches.get(id) === tree) tree.watch = watch
      else watch[Symbol.dispose]()
    } catch (error) {
      if (this.#watches.get(id) === tree) this.#watches.delete(id)
      throw outOfWatches(error)
    }
  }

  /** Stops watching. What is not watched is no error. */
  unwatch(id: string): void {
    this.#watches.get(id)?.watch?.[Symbol.dispose]()
    this.#watches.delete(id)
  }

  [Symbol.dispose](): void {
    for (const id of this.#watches.keys()) this.unwatch(id)
  }
}

/** inotify answers with ENOSPC when the user has no watch left, which would be misread. */
function outOfWatches(error: unknown): unknown {
  if (!isErrno(error, 'ENOSPC')) return error
  const text = 'the operating system has no watch left for this user; see fs.inotify.max_user_watches'
  return new GatewayError('refused', text, { cause: error })
}
