import { TreeChanged } from '../protocol/filesystem-schemas.ts'
import type { GatewayError } from '../protocol/gateway-error.ts'

/** The notification that tells of changes below a watched directory. */
export const treeChangedMethod = 'fs/changed'

/** Something below a watched directory has changed. */
export interface TreeChange {
  /** `file:` URLs, each once, in the order they were told. */
  readonly paths: readonly string[]
  /** More has changed than is named: look at everything again. */
  readonly overflow: boolean
}

/** Who is told of the changes of one watch. */
export interface WatchFollower {
  changed(change: TreeChange): void
  /** Another connection is in use, and watches nothing yet. */
  connectionReplaced(): void
  fail(error: GatewayError): void
}

/** Where notifications of changes go: to the watch of that id, if any. */
export class WatchRoutes {
  readonly #followers = new Map<string, WatchFollower>()

  /** To be called before the watch is asked for, as changes may be told before its reply. */
  add(watchId: string, follower: WatchFollower): void {
    this.#followers.set(watchId, follower)
  }

  remove(watchId: string): void {
    this.#followers.delete(watchId)
  }

  /** @throws Error when the parameters cannot be decoded */
  notified(params: unknown): void {
    const { watchId, paths, overflow } = TreeChanged.parse(params)
    this.#followers.get(watchId)?.changed({ paths, overflow })
  }

  connectionReplaced(): void {
    for (const follower of this.#followers.values()) follower.connectionReplaced()
  }

  /** The session is gone. */
  failAll(error: GatewayError): void {
    const followers = [...this.#followers.values()]
    this.#followers.clear()
    for (const follower of followers) follower.fail(error)
  }
}
