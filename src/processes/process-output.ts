import type { Timers } from '../lifecycle/timers.ts'
import type { Ledger } from '../lifecycle/ledger.ts'
import type { OutputPage, OutputStream, Receipt } from '../protocol/process-schemas.ts'
import type { CatchUp } from './catch-up.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import type { Delivery, Waiter } from './delivery.ts'
import type { SessionOutput } from './output-budget.ts'
import { OutputLog, type OutputObserver } from './output-log.ts'
import { OutputPolls } from './output-polls.ts'
import type { ProcessMetrics } from './process-metrics.ts'

export interface ReadRequest {
  readonly afterSeq: number
  readonly maxBytes: number | undefined
  readonly waitMs: number
}

/** Where the output comes from. */
export interface OutputSource {
  pauseOutput(): void
  resumeOutput(): void
}

export interface ProcessOutputOptions {
  readonly processId: string
  readonly ledger: Ledger
  readonly timers: Timers
  readonly metrics: ProcessMetrics
  readonly detachedOutputBytes: number
  /** Where its output counts towards what its session keeps. */
  readonly kept: SessionOutput
  readonly memory: ChunkMemory
  readonly observer: OutputObserver
  readonly delivery: Delivery | undefined
  readonly source: OutputSource
}

/** What a reader learns of the end of the process, besides its output. */
type End =
  | { readonly name: 'running' }
  | { readonly name: 'exited'; readonly exitCode: number; readonly receipt: Receipt | undefined }

/**
 * The output of one process on its way from the streams to whoever follows it: numbered and kept by the log, pushed while a
 * connection is attached, waited for by readers, and held back at its source while there is no room.
 */
export class ProcessOutput implements Waiter {
  readonly #options: ProcessOutputOptions
  readonly #log: OutputLog
  readonly #polls: OutputPolls
  #end: End = { name: 'running' }
  #isClosed = false
  #isPaused = false
  #flush: NodeJS.Immediate | undefined
  /** What the client that came back does about what it missed. */
  #catchUp: CatchUp | undefined

  constructor(options: ProcessOutputOptions) {
    this.#options = options
    this.#polls = new OutputPolls(options.ledger, options.timers)
    this.#log = new OutputLog({
      processId: options.processId,
      detachedOutputBytes: options.detachedOutputBytes,
      kept: options.kept.process(this),
      memory: options.memory,
      owner: this,
      observer: options.observer,
      delivery: options.delivery,
    })
  }

  get retainedBytes(): number {
    return this.#log.retainedBytes
  }

  /** What it takes to keep that. */
  get keptBytes(): number {
    return this.#log.keptBytes
  }

  get isHeldBack(): boolean {
    return this.#isPaused
  }

  get isAttached(): boolean {
    return this.#log.isAttached
  }

  get pollCount(): number {
    return this.#polls.count
  }

  get isExitRecorded(): boolean {
    return this.#end.name === 'exited'
  }

  /** Takes what a stream has given. The bytes are borrowed. */
  take(stream: OutputStream, bytes: Buffer): void {
    this.#log.append(stream, bytes)
    if (this.#log.isFull) this.#pause()
    // Whatever else arrives in this turn of the event loop is merged before it is numbered.
    this.#flush ??= setImmediate(this.#turnEnded)
  }

  read(request: ReadRequest, signal: AbortSignal): OutputPage | Promise<OutputPage> {
    const wait = this.#polls.wait(() => this.#hasNews(request.afterSeq), request.waitMs, signal)
    return wait === undefined ? this.#page(request) : this.#pageAfter(wait, request)
  }

  recordExit(exitCode: number, receipt: Receipt | undefined): void {
    this.#end = { name: 'exited', exitCode, receipt }
    this.#log.recordExit(exitCode, receipt)
    this.#polls.wake()
  }

  /** Nothing more will come. */
  recordClosed(): void {
    this.#isClosed = true
    this.#log.recordClosed()
    this.#polls.wake()
  }

  attach(delivery: Delivery, catchUp: CatchUp): void {
    this.#log.attach(delivery)
    this.#catchUp = catchUp
    this.#goOn()
  }

  /** The client does not care to read what it missed. */
  catchUpGivenUp(): void {
    this.#log.release()
    this.#goOn()
  }

  detach(): void {
    this.#log.detach()
    this.#goOn()
  }

  // What the delivery tells

  roomMade(): void {
    // What made room may be another than what is short of it now.
    this.#log.sealWithinRoom()
    this.#goOn()
  }

  acknowledged(): void {
    this.#log.evict()
    this.#goOn()
  }

  /**
   * Forgets everything. Readers that still wait fail with `reason`.
   * @returns how many bytes could still have been read
   */
  forget(reason: () => Error): number {
    if (this.#flush !== undefined) clearImmediate(this.#flush)
    if (!this.#polls.isEmpty) this.#polls.failAll(reason())
    const { retainedBytes } = this.#log
    this.#log[Symbol.dispose]()
    return retainedBytes
  }

  readonly #turnEnded = (): void => {
    this.#flush = undefined
    if (!this.#log.hasPending) return this.#polls.wake()
    // Without room the rest waits in line and merges with what comes; nobody may wait for it in vain, though.
    if (!this.#polls.isEmpty) this.#log.seal()
    else if (this.#log.isAttached) {
      this.#log.sealWithinRoom()
      if (this.#log.hasPending) this.#pause()
    } else this.#log.settle()
    this.#polls.wake()
  }

  async #pageAfter(wait: Promise<void>, request: ReadRequest): Promise<OutputPage> {
    const startedAt = performance.now()
    let outcome: 'news' | 'timeout' | 'cancelled' = 'cancelled'
    try {
      await wait
      outcome = this.#hasNews(request.afterSeq) ? 'news' : 'timeout'
      return this.#page(request)
    } finally {
      this.#options.metrics.polled(outcome, performance.now() - startedAt)
    }
  }

  #page(request: ReadRequest): OutputPage {
    if (this.#log.isCatchingUp) this.#catchUp?.goesOn()
    const page = this.#log.page(request.afterSeq, request.maxBytes)
    this.#goOn()
    const end = this.#end
    return {
      ...page,
      exited: end.name === 'exited',
      exitCode: end.name === 'exited' ? end.exitCode : null,
      closed: this.#isClosed,
      failure: null,
      sandboxDenied: false,
      ...(end.name === 'exited' && { receipt: end.receipt }),
    }
  }

  #hasNews(afterSeq: number): boolean {
    if (this.#isClosed || this.#log.hasOutputAfter(afterSeq)) return true
    return this.isExitRecorded && afterSeq < this.#log.nextSeq - 1
  }

  #pause(): void {
    if (!this.#isPaused) {
      this.#options.source.pauseOutput()
      this.#options.metrics.outputPaused()
      if (this.#log.isOverShare) this.#options.metrics.limitReached('retainedOutputBytes')
    }
    this.#isPaused = true
    this.#log.awaitRoom()
  }

  /** Lets output flow again unless there is still a reason to hold it back. */
  #goOn(): void {
    if (!this.#isPaused) return
    this.#log.evict()
    if (this.#log.isFull) return this.#log.awaitRoom()
    this.#isPaused = false
    this.#log.leaveLine()
    if (this.#log.hasPending) this.#flush ??= setImmediate(this.#turnEnded)
    this.#options.source.resumeOutput()
    this.#options.metrics.outputResumed()
  }
}
