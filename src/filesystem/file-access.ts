import type { BufferPools } from '../lifecycle/buffer-pools.ts'
import { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import type { Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { Turns } from '../lifecycle/turns.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { readOnly, translated } from './errno.ts'
import { maxUnwrittenBytes } from './filesystem-limits.ts'
import type { EventBursts } from './event-bursts.ts'
import { FileHandles } from './file-handles.ts'
import type { FileOperation, FileOption, FilesystemMetrics } from './filesystem-metrics.ts'
import type { ReachedFiles } from './cached-files.ts'
import type { Changes } from './changed-paths.ts'
import { TreeWatches } from './tree-watches.ts'
import { MissingWatches } from './missing-watches.ts'
import { type Claim, type HeldClaim, PathOrder } from './path-order.ts'

/** Replies of megabytes that one connection has in the making. */
const bulkTurns = 4

/** How long the end of a connection waits for operations that were begun. */
const finishMs = 500

/** What an operator lets clients do with files. It binds the methods for files, not the processes clients start. */
export type FileMode = 'read-write' | 'read-only' | 'off'

/** What all connections of a gateway have in common. */
export interface FileSetup extends ReachedFiles {
  readonly mode: FileMode
  /** What contents of files are read into; they are given back when they are sent. */
  readonly contents: BufferPools
  /** Of all watches. */
  readonly bursts: EventBursts
  readonly metrics: FilesystemMetrics
}

export interface FileAccessOptions {
  readonly setup: FileSetup
  readonly ledger: Ledger
  readonly timers: Timers
  /** Resolves once the peer can take more, or never will. */
  readonly untilRoom: () => Promise<void>
  readonly hasRoom: () => boolean
  /** Told of the change that ends a watch. */
  readonly missingChanged: (watchId: bigint) => void
  /** Told of changes in a watched tree. */
  readonly treeChanged: (watchId: string, changes: Changes) => void
}

export interface FileRequest {
  readonly operation: FileOperation
  /** What it is about, for the order of things. */
  readonly paths: readonly Buffer[]
  /** Whether it changes what is there. */
  readonly changes?: boolean
  /** Whether its result can be large. */
  readonly isBulky?: boolean
  /** Contents it brings along, held until they are written. */
  readonly bytes?: number
}

/** What one connection does with files: its handles, its watch, and the order of its operations. All of it ends with it. */
export class FileAccess implements AsyncDisposable {
  readonly setup: FileSetup
  readonly handles: FileHandles
  readonly watches: MissingWatches
  readonly trees: TreeWatches
  readonly #order = new PathOrder()
  readonly #bulk = new Turns(bulkTurns)
  readonly #untilRoom: () => Promise<void>
  readonly #hasRoom: () => boolean
  readonly #timers: Timers
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #abort = new AbortController()
  readonly #unwritten = new ByteAllowance(maxUnwrittenBytes, tooMuchUnwritten)
  readonly #patience = new AbortController()

  constructor({ setup, ledger, timers, untilRoom, hasRoom, missingChanged, treeChanged }: FileAccessOptions) {
    this.setup = setup
    this.#timers = timers
    this.handles = new FileHandles({ setup, ledger, order: this.#order, inTurn: work => this.#inTurn(work) })
    const { bursts, territory } = setup
    this.watches = new MissingWatches(ledger, bursts, watchId => {
      setup.metrics.changeSeen()
      missingChanged(watchId)
    })
    this.trees = new TreeWatches({ ledger, territory, bursts, timers, untilRoom, tell: treeChanged })
    this.#untilRoom = untilRoom
    this.#hasRoom = hasRoom
  }

  /** Aborted when nobody waits for anything any more. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Aborted when what was begun has taken too long after the end of the connection. */
  get patience(): AbortSignal {
    return this.#patience.signal
  }

  /**
   * Runs one operation, after those it has to come after: at once if there are none, and then to its end if it has nothing to wait for.
   * @throws GatewayError for whatever the operating system or the operator refuses, and beyond 128 MiB that wait to be written
   */
  perform<Value>(request: FileRequest, work: () => Value | Promise<Value>): Value | Promise<Value> {
    const { operation } = request
    let held: Holdings | undefined
    try {
      this.#refuseByMode(request)
      held = this.#hold(request)
      const begun = held.mayBegin ? work() : this.#inLine(held.place, request, work)
      if (begun instanceof Promise) {
        const tracked = this.#tracked(operation, begun, held)
        held = undefined
        return tracked
      }
      this.setup.metrics.succeeded(operation)
      return begun
    } catch (thrown) {
      throw this.#failed(operation, thrown)
    } finally {
      held?.[Symbol.dispose]()
    }
  }

  /** Runs the work after everything it has to come after. */
  inOrder<Value>(claim: Claim, work: () => Promise<Value>): Promise<Value> {
    return this.#order.run(claim, work)
  }

  /** Closes everything. What was begun is finished, as far as that does not take long; copies and removals stop then. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new GatewayError('refused', 'the connection has ended')
    this.#abort.abort(ended)
    this.watches[Symbol.dispose]()
    this.trees[Symbol.dispose]()
    const { promise, resolve } = Promise.withResolvers<void>()
    using _deadline = this.#timers.after(finishMs, resolve)
    const finished = Promise.all([Promise.allSettled(this.#underWay), this.handles[Symbol.asyncDispose]()])
    await Promise.race([finished, promise])
    this.#patience.abort(ended)
  }

  #refuseByMode({ operation, changes }: FileRequest): void {
    if (this.setup.mode === 'off') {
      throw new GatewayError('invalidRequest', `fs/${operation} is not permitted: this gateway serves no files`, {
        data: { option: 'files' satisfies FileOption },
      })
    }
    if (this.setup.mode === 'read-only' && changes === true) throw readOnly('files')
  }

  #hold({ bytes, paths, changes = false, isBulky = false }: FileRequest): Holdings {
    const allowance = bytes === undefined ? undefined : this.#unwritten.hold(bytes)
    const place = this.#order.claim({ paths, changes })
    const turn = isBulky && place.ready === undefined ? this.#turnAtOnce() : undefined
    const mayBegin = place.ready === undefined && (!isBulky || turn !== undefined)
    return new Holdings({ place, allowance, turn, mayBegin })
  }

  /** Nobody may take one while waiting for something else. */
  #turnAtOnce(): Disposable | undefined {
    return this.#hasRoom() && !this.signal.aborted ? this.#bulk.takeIfFree() : undefined
  }

  async #inTurn<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    using _turn = await this.#bulk.take()
    await this.#untilRoom()
    this.signal.throwIfAborted()
    return await work()
  }

  async #inLine<Value>(
    place: HeldClaim,
    { isBulky = false }: FileRequest,
    work: () => Value | Promise<Value>,
  ): Promise<Value> {
    await place.ready
    return isBulky ? await this.#inTurn(work) : await work()
  }

  /** Keeps what the operation holds until it is over. */
  #tracked<Value>(operation: FileOperation, begun: Promise<Value>, held: Disposable): Promise<Value> {
    const tracked = this.#untilOver(operation, begun, held)
    this.#underWay.add(tracked)
    const over = () => this.#underWay.delete(tracked)
    tracked.then(over, over)
    return tracked
  }

  async #untilOver<Value>(operation: FileOperation, begun: Promise<Value>, held: Disposable): Promise<Value> {
    using _held = held
    try {
      const value = await begun
      this.setup.metrics.succeeded(operation)
      return value
    } catch (thrown) {
      throw this.#failed(operation, thrown)
    }
  }

  #failed(operation: FileOperation, thrown: unknown): unknown {
    const error = translated(thrown)
    this.setup.metrics.failed(operation, error)
    return error
  }
}

interface Held {
  readonly place: HeldClaim
  readonly allowance: Disposable | undefined
  readonly turn: Disposable | undefined
  /** Whether there is nothing to wait for. */
  readonly mayBegin: boolean
}

/** What an operation holds until it is over. A `DisposableStack` would do, but takes as long as all the rest of a small operation. */
class Holdings implements Disposable {
  readonly place: HeldClaim
  readonly mayBegin: boolean
  readonly #allowance: Disposable | undefined
  readonly #turn: Disposable | undefined

  constructor({ place, allowance, turn, mayBegin }: Held) {
    this.place = place
    this.mayBegin = mayBegin
    this.#allowance = allowance
    this.#turn = turn
  }

  [Symbol.dispose](): void {
    this.#turn?.[Symbol.dispose]()
    this.place[Symbol.dispose]()
    this.#allowance?.[Symbol.dispose]()
  }
}

function tooMuchUnwritten(waitingBytes: number): GatewayError {
  const text = `${waitingBytes} bytes wait to be written; at most ${maxUnwrittenBytes} may: wait for an answer first`
  return GatewayError.limit('maxUnwrittenBytes', maxUnwrittenBytes, text)
}
