import { randomUUID } from 'node:crypto'
import type { GatewayError } from '../protocol/gateway-error.ts'
import { orAborted } from './deadline.ts'
import type { RepeatedCalls } from './file-handle.ts'
import { PendingChanges } from './pending-changes.ts'
import type { TreeChange, WatchFollower, WatchRoutes } from './watch-routes.ts'

/** What makes calls for a watch, and leads its notifications to it. */
export interface WatchCalls extends RepeatedCalls {
  readonly watches: WatchRoutes
}

/** Why nothing more comes; without an error whoever watches has had enough. */
interface WatchEnd {
  readonly error?: unknown
}

/**
 * Changes of a directory and everything below, one after the other, for one reader. What comes while nobody reads is put
 * together. A connection that breaks takes the watch of the server with it: on the next one the directory is watched again, and
 * then an overflow is told, as changes may have been missed. Disposing it and leaving the loop end the watch.
 */
export class TreeWatch implements AsyncIterable<TreeChange>, Disposable {
  readonly #calls: WatchCalls
  readonly #path: string
  readonly #signal: AbortSignal | undefined
  readonly #pending = new PendingChanges()
  /** The id at the server, another one on each connection: late replies and notifications of the former mean nothing. */
  #watchId: string | undefined
  #connection: object | undefined
  #isEstablishing = false
  #end: WatchEnd | undefined
  /** Aborted at the end, so that nobody pauses for longer. */
  readonly #over = new AbortController()
  #news = Promise.withResolvers<void>()

  private constructor(calls: WatchCalls, path: string, signal: AbortSignal | undefined) {
    this.#calls = calls
    this.#path = path
    this.#signal = signal
  }

  /** Resolves when every change from now on is told. @throws GatewayError when the directory cannot be watched */
  static async open(calls: WatchCalls, path: string, signal: AbortSignal | undefined): Promise<TreeWatch> {
    signal?.throwIfAborted()
    const watch = new TreeWatch(calls, path, signal)
    signal?.addEventListener('abort', watch.#aborted, { once: true })
    try {
      await orAborted(watch.#establish(), signal)
    } catch (error) {
      watch.#finish({ error })
      throw error
    }
    return watch
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TreeChange, void, undefined> {
    try {
      for (;;) {
        const change = this.#pending.take()
        if (change !== undefined) yield change
        else if (this.#end === undefined) await this.#news.promise
        else if ('error' in this.#end) throw this.#end.error
        else return
      }
    } finally {
      this[Symbol.dispose]()
    }
  }

  /** Ends the watch; who waits for a change is told that there will be none. */
  [Symbol.dispose](): void {
    this.#pending.clear()
    this.#finish({})
  }

  /** Watches on the connection of now, or on the next that carries the request and its reply. */
  async #establish(): Promise<void> {
    this.#isEstablishing = true
    try {
      await this.#calls.repeated(() => this.#watchOnce(), this.#over.signal)
    } finally {
      this.#isEstablishing = false
    }
  }

  async #watchOnce(): Promise<void> {
    if (this.#end !== undefined) return
    const watchId = randomUUID().replaceAll('-', '')
    this.#watchId = watchId
    this.#calls.watches.add(watchId, this.#follower)
    try {
      // Not to be given up by a signal: a watch that comes about has to be ended.
      await this.#calls.call('fs/watch', { watchId, path: this.#path })
    } catch (error) {
      this.#calls.watches.remove(watchId)
      throw error
    }
    this.#connection = this.#calls.connection
    if (this.#end !== undefined) this.#unwatch(watchId)
  }

  async #establishAgain(): Promise<void> {
    if (this.#watchId !== undefined) this.#calls.watches.remove(this.#watchId)
    try {
      await this.#establish()
      this.#changed({ paths: [], overflow: true })
    } catch (error) {
      this.#finish({ error })
    }
  }

  readonly #follower: WatchFollower = {
    changed: change => this.#changed(change),
    connectionReplaced: () => {
      if (!this.#isEstablishing && this.#connection !== this.#calls.connection) void this.#establishAgain()
    },
    fail: (error: GatewayError) => this.#finish({ error }),
  }

  readonly #aborted = (): void => {
    this.#pending.clear()
    this.#finish({ error: this.#signal?.reason })
  }

  #changed(change: TreeChange): void {
    if (this.#end !== undefined) return
    this.#pending.add(change)
    this.#tell()
  }

  #finish(end: WatchEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#over.abort(end.error)
    this.#signal?.removeEventListener('abort', this.#aborted)
    if (this.#watchId !== undefined) {
      this.#calls.watches.remove(this.#watchId)
      if (!this.#isEstablishing) this.#unwatch(this.#watchId)
    }
    this.#tell()
  }

  /** In the background; a watch of an earlier connection is over anyway. */
  #unwatch(watchId: string): void {
    if (this.#calls.connection !== this.#connection) return
    void this.#calls.call('fs/unwatch', { watchId }, { waits: false }).catch(() => {})
  }

  #tell(): void {
    const news = this.#news
    this.#news = Promise.withResolvers<void>()
    news.resolve()
  }
}
