import type { Guard, Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { OutputPage, OutputStream, WriteStatus } from '../protocol/process-schemas.ts'
import { ChildInput } from './child-input.ts'
import type { ClosedProcesses } from './closed-processes.ts'
import type { Delivery, Waiter } from './delivery.ts'
import type { Child, ChildEvents, ChildExit, Launch, ProcessEngine } from './engine.ts'
import { SystemError } from './libc.ts'
import { OutputLog } from './output-log.ts'
import { OutputPolls } from './output-polls.ts'
import { catchUpMs, type ProcessLimits, tailMs } from './process-limits.ts'
import type { DropReason } from './closed-processes.ts'
import type { OomEvents } from './oom-events.ts'
import { ProcessLife, type ProcessOrigin } from './process-life.ts'
import { Completion, type ProcessMetrics } from './process-metrics.ts'
import { type InputWrite, WrittenInputs } from './written-inputs.ts'

/** What every process of a gateway shares. */
export interface ProcessHost {
  readonly engine: ProcessEngine
  readonly ledger: Ledger
  readonly timers: Timers
  readonly metrics: ProcessMetrics
  readonly limits: ProcessLimits
  readonly closed: ClosedProcesses
  readonly oom: OomEvents
}

export interface HostProcessOptions {
  readonly host: ProcessHost
  readonly id: string
  readonly launch: Launch
  readonly origin: ProcessOrigin
  readonly delivery: Delivery | undefined
  /** Called once, when the process has exited and its streams have ended. */
  readonly closed: () => void
}

/**
 * One running command: its output, its input, its end.
 *
 * It lives through *running* (not reaped), *exited* (reaped, a descendant may still hold its streams) and *closed*. The exit
 * is recorded when the streams have ended too, or a moment later when they have not.
 */
export class HostProcess implements ChildEvents, Waiter, AsyncDisposable {
  readonly id: string
  readonly #host: ProcessHost
  /** Let go of once closed: what stays readable for a while must not hold on to streams. */
  #child: Child | undefined
  #input: ChildInput | undefined
  readonly #writes = new WrittenInputs()
  readonly #takesInput: boolean
  readonly #isTerminal: boolean
  readonly #log: OutputLog
  readonly #polls: OutputPolls
  readonly #life: ProcessLife
  readonly #completion: Completion
  readonly #held: Guard
  readonly #closed: () => void
  readonly #gone = Promise.withResolvers<void>()
  #state: 'running' | 'exited' | 'closed' = 'running'
  #exit: ChildExit | undefined
  #exitRecorded = false
  #terminated = false
  #endedBySession = false
  #paused = false
  #flush: NodeJS.Immediate | undefined
  #tail: Disposable | undefined
  #catchUp: Disposable | undefined

  private constructor(options: HostProcessOptions) {
    const { host } = options
    this.id = options.id
    this.#host = host
    this.#closed = options.closed
    this.#life = new ProcessLife({
      metrics: host.metrics,
      oom: host.oom,
      mode: options.launch.streams === 'terminal' ? 'terminal' : 'pipes',
      origin: options.origin,
    })
    this.#polls = new OutputPolls(host.ledger, host.timers)
    this.#log = new OutputLog({
      processId: options.id,
      detachedOutputBytes: host.limits.detachedOutputBytes,
      owner: this,
      observer: this.#life,
      delivery: options.delivery,
    })
    this.#child = host.engine.start(options.launch, this)
    this.#life.spawned()
    this.#input = this.#child.input && new ChildInput(this.#child.input, host.limits.stdinQueueBytes)
    this.#takesInput = this.#input !== undefined
    this.#isTerminal = options.launch.streams === 'terminal'
    this.#completion = new Completion(host.metrics)
    this.#held = host.ledger.take('process')
  }

  /** @throws SystemError when the operating system refuses; nothing is left behind then */
  static start(options: HostProcessOptions): HostProcess {
    return new HostProcess(options)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get retainedBytes(): number {
    return this.#log.retainedBytes
  }

  /** What is known of it from outside. */
  get summary(): ProcessSummary {
    return {
      state: this.#state,
      launch: this.#life.launch,
      pid: this.#child?.pid,
      exitedAt: this.#life.exitedAt,
      killedAt: this.#life.killedAt,
      ageMs: performance.now() - this.#life.startedAt,
      retainedBytes: this.#log.retainedBytes,
      queuedInputBytes: this.#input?.queuedBytes ?? 0,
      isHeldBack: this.#paused,
      polls: this.#polls.count,
    }
  }

  /** Resolves when the process is closed. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  // What the client asks for

  read(request: ReadRequest, signal: AbortSignal): OutputPage | Promise<OutputPage> {
    const wait = this.#polls.wait(() => this.#hasNews(request.afterSeq), request.waitMs, signal)
    return wait === undefined ? this.#page(request) : this.#pageAfter(wait, request)
  }

  write({ writeId, bytes, endsInput = false }: InputWrite, signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    const { metrics } = this.#host
    if (!this.#takesInput) {
      metrics.written('stdinClosed', 0)
      return 'stdinClosed'
    }
    if (endsInput && this.#isTerminal) {
      const message = 'the input of a terminal cannot be closed: write the byte 0x04 to type its end'
      throw new GatewayError('invalidParams', message, { data: { field: 'endsInput' } })
    }
    const isRepeated = this.#writes.knows(writeId)
    const outcome = this.#writes.once(writeId, () => {
      if (this.#terminated || this.#input === undefined) return 'closed'
      return endsInput ? this.#input.writeLast(bytes, signal) : this.#input.write(bytes, signal)
    })
    const settled = (status: 'accepted' | 'closed') => {
      const answer = status === 'closed' && this.#terminated ? 'failed' : status === 'closed' ? 'stdinClosed' : status
      metrics.written(isRepeated && answer === 'accepted' ? 'deduplicated' : answer, bytes.length)
      if (answer === 'failed') throw new GatewayError('refused', 'failed to write to process stdin')
      return answer
    }
    return typeof outcome === 'string' ? settled(outcome) : outcome.then(settled)
  }

  /** SIGINT to what runs in the foreground. Nothing happens once the process has exited or was terminated. */
  interrupt(): void {
    if (this.#state !== 'running' || this.#terminated) return
    try {
      this.#child?.interrupt()
      this.#host.metrics.signalled('interrupt')
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      throw new GatewayError('refused', `failed to signal process: ${error.message}`, { cause: error })
    }
  }

  /**
   * SIGKILL for the process and its group, at once. What it wrote before is still delivered.
   * @returns whether the process was running
   */
  terminate(): boolean {
    if (this.#state !== 'running') return false
    if (!this.#terminated) {
      this.#terminated = true
      this.#input?.[Symbol.dispose]()
      this.#child?.kill()
      this.#life.killed()
    }
    return true
  }

  // Between connections

  attach(delivery: Delivery): void {
    this.#log.attach(delivery)
    this.#catchUp = this.#host.timers.after(catchUpMs, () => {
      this.#log.release()
      this.#goOn()
    })
    this.#goOn()
  }

  detach(): void {
    this.#catchUp?.[Symbol.dispose]()
    this.#log.detach()
    this.#goOn()
  }

  // What the delivery tells

  roomMade(): void {
    this.#log.seal()
    this.#goOn()
  }

  acknowledged(): void {
    this.#log.evict()
    this.#goOn()
  }

  // What the engine tells

  output(stream: OutputStream, bytes: Buffer): void {
    this.#life.output(stream, bytes.length)
    this.#log.append(stream, bytes)
    if (this.#log.isFull) this.#pause()
    // Whatever else arrives in this turn of the event loop is merged before it is numbered.
    this.#flush ??= setImmediate(this.#turnEnded)
  }

  streamEnded(): void {
    if (this.#hasOpenStreams || this.#exit === undefined) return
    if (!this.#exitRecorded) this.#recordExit()
    else this.#close()
  }

  exited(exit: ChildExit): void {
    this.#exit = exit
    this.#state = 'exited'
    this.#life.exited(exit, this.#terminated ? 'client' : this.#endedBySession ? 'session' : undefined)
    this.#completion.claim(this.#terminated ? 'terminated' : exit.code === 0 ? 'success' : 'error')
    this.#input?.[Symbol.dispose]()
    if (this.#hasOpenStreams) this.#awaitTail()
    else this.#recordExit()
  }

  /**
   * Ends the process with everything in its session: SIGTERM, grace, SIGKILL; then closes its streams. Waits until it is
   * gone. Without grace it starts with SIGKILL.
   */
  async end(graceMs: number): Promise<void> {
    this.#completion.claim('terminated')
    this.#endedBySession = true
    this.#input?.[Symbol.dispose]()
    if (this.#state === 'running' && graceMs > 0) {
      this.#child?.askToEnd()
      this.#host.metrics.signalled('ask_to_end')
      await this.#goneWithin(graceMs)
    }
    if (!this.isClosed) {
      this.#child?.killSession()
      this.#life.killed()
      // A process in uninterruptible sleep may outlive even this; nobody waits for it longer.
      if (this.#state === 'running') await this.#goneWithin(this.#host.limits.graceMs)
      this.#child?.endStreams()
    }
    this.#release('retention')
  }

  /** SIGKILL for everything in the process's session, without waiting. */
  kill(): void {
    this.#child?.killSession()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end(this.#host.limits.graceMs)
  }

  /** A closed process can no longer be read: forgets its output and fails whoever still waits for it. */
  forget(reason: DropReason): void {
    this.#release(reason)
  }

  readonly #turnEnded = (): void => {
    this.#flush = undefined
    if (!this.#log.hasPending) return this.#polls.wake()
    // Without room the rest waits in line and merges with what comes; nobody may wait for it in vain, though.
    if ((this.#log.isAttached && !this.#log.isFull) || !this.#polls.isEmpty) this.#log.seal()
    else if (this.#log.isAttached) this.#pause()
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
      this.#host.metrics.polled(outcome, performance.now() - startedAt)
    }
  }

  #page(request: ReadRequest): OutputPage {
    const page = this.#log.page(request.afterSeq, request.maxBytes)
    this.#goOn()
    return {
      ...page,
      exited: this.#exitRecorded,
      exitCode: this.#exitRecorded ? (this.#exit?.code ?? null) : null,
      closed: this.isClosed,
      failure: null,
      sandboxDenied: false,
      ...(this.#exitRecorded && { receipt: this.#life.receipt }),
    }
  }

  get #hasOpenStreams(): boolean {
    return this.#child !== undefined && this.#child.openStreams > 0
  }

  #hasNews(afterSeq: number): boolean {
    if (this.isClosed || this.#log.hasOutputAfter(afterSeq)) return true
    return this.#exitRecorded && afterSeq < this.#log.nextSeq - 1
  }

  #pause(): void {
    if (!this.#paused) {
      this.#child?.pauseOutput()
      this.#host.metrics.outputPaused()
    }
    this.#paused = true
    this.#log.awaitRoom()
  }

  /** Lets output flow again unless there is still a reason to hold it back. */
  #goOn(): void {
    if (!this.#paused) return
    if (this.#log.isFull) return this.#log.awaitRoom()
    this.#paused = false
    if (this.#log.hasPending) this.#flush ??= setImmediate(this.#turnEnded)
    this.#child?.resumeOutput()
    this.#host.metrics.outputResumed()
  }

  /** A descendant may still write to the streams. While a slow peer holds the output back the time does not count. */
  #awaitTail(): void {
    this.#tail = this.#host.timers.after(tailMs, () => {
      if (this.#paused && this.#log.isAttached) this.#awaitTail()
      else this.#recordExit()
    })
  }

  #recordExit(): void {
    this.#tail?.[Symbol.dispose]()
    this.#exitRecorded = true
    this.#log.recordExit(this.#exit?.code ?? -1, this.#life.receipt)
    this.#polls.wake()
    if (this.#terminated) this.#child?.endStreams()
    if (!this.#hasOpenStreams) this.#close()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#log.recordClosed()
    this.#letGo()
    this.#polls.wake()
    this.#gone.resolve()
    this.#closed()
  }

  async #goneWithin(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    using _deadline = this.#host.timers.after(waitMs, resolve)
    await Promise.race([this.gone, promise])
  }

  #release(reason: DropReason): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush)
    this.#tail?.[Symbol.dispose]()
    this.#catchUp?.[Symbol.dispose]()
    if (!this.#polls.isEmpty) {
      this.#polls.failAll(new GatewayError('invalidRequest', `unknown process id ${this.id}`))
    }
    this.#host.metrics.evicted(reason, this.#log.retainedBytes)
    this.#log[Symbol.dispose]()
    this.#letGo()
    this.#completion[Symbol.dispose]()
  }

  #letGo(): void {
    this.#child?.[Symbol.dispose]()
    this.#child = undefined
    this.#input = undefined
    this.#held[Symbol.dispose]()
  }
}

/** A process in numbers; nothing that tells what it is. */
export interface ProcessSummary {
  readonly state: 'running' | 'exited' | 'closed'
  readonly launch: number
  readonly pid: number | undefined
  /** As `performance.now` tells. */
  readonly exitedAt: number | undefined
  readonly killedAt: number | undefined
  readonly ageMs: number
  readonly retainedBytes: number
  readonly queuedInputBytes: number
  readonly isHeldBack: boolean
  readonly polls: number
}

export interface ReadRequest {
  readonly afterSeq: number
  readonly maxBytes: number | undefined
  readonly waitMs: number
}
