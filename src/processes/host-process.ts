import type { Guard } from '../lifecycle/ledger.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { OutputPage, OutputStream, ProcessSignal, TerminalSize, WriteStatus } from '../protocol/process-schemas.ts'
import type { CatchUp } from './catch-up.ts'
import type { Delivery } from './delivery.ts'
import type { Child, ChildEvents, ChildExit } from './engine.ts'
import { SystemError } from '../libc/system-error.ts'
import type { HostProcessOptions, ProcessHost, ProcessSummary } from './process-host.ts'
import { tailMs } from './process-limits.ts'
import type { DropReason } from './closed-processes.ts'
import { type EndedBy, ProcessLife } from './process-life.ts'
import { Completion } from './process-metrics.ts'
import { ProcessInput } from './process-input.ts'
import { ProcessOutput, type ReadRequest } from './process-output.ts'
import type { InputWrite } from './written-inputs.ts'

/**
 * One running command: its input, its end, and its output, which `ProcessOutput` looks after.
 *
 * It lives through *running* (not reaped), *exited* (reaped, a descendant may still hold its streams) and *closed*. The exit
 * is recorded when the streams have ended too, or a moment later when they have not.
 */
export class HostProcess implements ChildEvents, AsyncDisposable {
  readonly id: string
  readonly #host: ProcessHost
  /** Let go of once closed: what stays readable for a while must not hold on to streams. */
  #child: Child | undefined
  readonly #input: ProcessInput
  readonly #isTerminal: boolean
  readonly #output: ProcessOutput
  readonly #life: ProcessLife
  readonly #completion: Completion
  readonly #held: Guard
  readonly #closed: () => void
  readonly #gone = Promise.withResolvers<void>()
  #state: 'running' | 'exited' | 'closed' = 'running'
  #exit: ChildExit | undefined
  #terminated = false
  /** The streams of an exited process are not wanted any more. */
  #isLetGo = false
  #endedBy: EndedBy
  #tail: Disposable | undefined
  readonly #deadline: Disposable | undefined

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
    this.#output = new ProcessOutput({
      processId: options.id,
      ledger: host.ledger,
      timers: host.timers,
      metrics: host.metrics,
      detachedOutputBytes: host.limits.detachedOutputBytes,
      kept: options.session.output,
      memory: host.memory,
      observer: this.#life,
      delivery: options.delivery,
      source: {
        pauseOutput: () => this.#child?.pauseOutput(),
        resumeOutput: () => this.#child?.resumeOutput(),
      },
    })
    this.#child = host.engine.start(options.launch, this)
    this.#life.spawned()
    this.#isTerminal = options.launch.streams === 'terminal'
    this.#input = new ProcessInput({
      stream: this.#child.input,
      isTerminal: this.#isTerminal,
      queueBytes: host.limits.stdinQueueBytes,
      waiting: options.session.waitingInput,
      metrics: host.metrics,
    })
    this.#completion = new Completion(host.metrics)
    this.#held = host.ledger.take('process')
    const { timeoutMs } = options.launch
    this.#deadline = timeoutMs === undefined ? undefined : host.timers.after(timeoutMs, () => this.#timedOut())
  }

  /** @throws SystemError when the operating system refuses; nothing is left behind then */
  static start(options: HostProcessOptions): HostProcess {
    return new HostProcess(options)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** What its output takes. */
  get keptBytes(): number {
    return this.#output.keptBytes
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
      retainedBytes: this.#output.retainedBytes,
      queuedInputBytes: this.#input.queuedBytes,
      isHeldBack: this.#output.isHeldBack,
      polls: this.#output.pollCount,
    }
  }

  /** Resolves when the process is closed. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  // What the client asks for

  read(request: ReadRequest, signal: AbortSignal): OutputPage | Promise<OutputPage> {
    return this.#output.read(request, signal)
  }

  write(write: InputWrite, signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    return this.#input.write(write, signal)
  }

  closeInput(signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    return this.#input.close(signal)
  }

  /** Nothing happens once the process has exited or was terminated. */
  signal(signal: ProcessSignal): void {
    if (this.#state !== 'running' || this.#terminated) return
    this.#asking('signal', () => {
      this.#child?.signal(signal)
      this.#host.metrics.signalled(signal)
    })
  }

  /** Nothing happens once the process has exited. */
  resize(size: TerminalSize): void {
    if (!this.#isTerminal) {
      throw new GatewayError('invalidParams', 'this process has no terminal', { data: { field: 'processId' } })
    }
    this.#asking('resize', () => this.#child?.resize(size))
  }

  /**
   * SIGKILL for the process and its group, at once. What it wrote before is still delivered. When it has exited already:
   * for descendants that hold its streams, which end then whoever holds them.
   * @returns whether the process was running
   */
  terminate(): boolean {
    if (this.#state === 'exited') this.#killHolders()
    if (this.#state !== 'running') return false
    if (!this.#terminated) {
      this.#terminated = true
      this.#endedBy ??= 'client'
      this.#input.terminated()
      this.#child?.kill()
      this.#life.killed()
    }
    return true
  }

  // Between connections

  attach(delivery: Delivery, catchUp: CatchUp): void {
    this.#output.attach(delivery, catchUp)
  }

  catchUpGivenUp(): void {
    this.#output.catchUpGivenUp()
  }

  detach(): void {
    this.#output.detach()
  }

  // What the engine tells

  output(stream: OutputStream, bytes: Buffer): void {
    this.#life.output(stream, bytes.length)
    this.#output.take(stream, bytes)
  }

  streamEnded(): void {
    if (this.#hasOpenStreams || this.#exit === undefined) return
    if (this.#output.isExitRecorded) this.#close()
    else this.#recordExit()
  }

  exited(exit: ChildExit): void {
    this.#exit = exit
    this.#state = 'exited'
    this.#life.exited(exit, this.#endedBy)
    this.#completion.claim(this.#terminated ? 'terminated' : exit.code === 0 ? 'success' : 'error')
    this.#input.drop()
    if (this.#hasOpenStreams) this.#awaitTail()
    else this.#recordExit()
  }

  /**
   * Ends the process with everything in its session: SIGTERM, grace, SIGKILL; then closes its streams. Waits until it is
   * gone. Without grace it starts with SIGKILL.
   */
  async end(graceMs: number): Promise<void> {
    this.#completion.claim('terminated')
    this.#endedBy ??= 'session'
    this.#input.drop()
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

  /**
   * SIGKILL for everything in the process's session, without waiting.
   * @returns false when the operating system does not allow it
   */
  kill(): boolean {
    return this.#child?.killSession() ?? true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end(this.#host.limits.graceMs)
  }

  /** A closed process can no longer be read: forgets its output and fails whoever still waits for it. */
  forget(reason: DropReason): void {
    this.#release(reason)
  }

  #timedOut(): void {
    this.#endedBy ??= 'timeout'
    this.#child?.killSession()
    this.terminate()
  }

  /** What they have written comes first. */
  #killHolders(): void {
    if (this.#isLetGo) return
    this.#isLetGo = true
    this.#child?.killSession()
    if (this.#output.isExitRecorded) this.#tail = this.#host.timers.after(tailMs, () => this.#child?.endStreams())
  }

  #asking(what: string, ask: () => void): void {
    try {
      ask()
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      throw new GatewayError('refused', `failed to ${what} process: ${error.message}`, { cause: error })
    }
  }

  get #hasOpenStreams(): boolean {
    return this.#child !== undefined && this.#child.openStreams > 0
  }

  /** A descendant may still write to the streams. While a slow peer holds the output back the time does not count. */
  #awaitTail(): void {
    this.#tail = this.#host.timers.after(tailMs, () => {
      if (this.#output.isHeldBack && this.#output.isAttached) this.#awaitTail()
      else this.#recordExit()
    })
  }

  #recordExit(): void {
    this.#tail?.[Symbol.dispose]()
    this.#output.recordExit(this.#exit?.code ?? -1, this.#life.receipt)
    if (this.#terminated || this.#isLetGo) this.#child?.endStreams()
    if (!this.#hasOpenStreams) this.#close()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#output.recordClosed()
    this.#letGo()
    this.#gone.resolve()
    this.#closed()
  }

  async #goneWithin(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    using _deadline = this.#host.timers.after(waitMs, resolve)
    await Promise.race([this.gone, promise])
  }

  #release(reason: DropReason): void {
    this.#tail?.[Symbol.dispose]()
    const lost = this.#output.forget(() => new GatewayError('invalidRequest', `unknown process id ${this.id}`))
    this.#host.metrics.evicted(reason, lost)
    this.#letGo()
    this.#completion[Symbol.dispose]()
  }

  #letGo(): void {
    this.#deadline?.[Symbol.dispose]()
    this.#child?.[Symbol.dispose]()
    this.#child = undefined
    this.#input[Symbol.dispose]()
    this.#held[Symbol.dispose]()
  }
}
