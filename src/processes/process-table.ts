import { statSync } from 'node:fs'
import { constants } from 'node:os'
import { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { osErrorText } from '../protocol/os-error-text.ts'
import { shownId } from '../protocol/text-excerpt.ts'
import type { OutputPage, ProcessSignal, TerminalSize, WriteStatus } from '../protocol/process-schemas.ts'
import { CatchUp } from './catch-up.ts'
import type { Delivery } from './delivery.ts'
import type { Launch } from './engine.ts'
import { HostProcess } from './host-process.ts'
import type { ProcessHost, ProcessSummary, SessionShares } from './process-host.ts'
import { SystemError } from '../libc/system-error.ts'
import type { ProcessOrigin } from './process-life.ts'
import type { StartMode } from './process-metrics.ts'
import type { ReadRequest } from './process-output.ts'
import type { InputWrite } from './written-inputs.ts'

const { ENOTDIR } = constants.errno

/** A start that has been accepted and whose process does not exist yet. */
class PendingStart {
  readonly settled: Promise<void>
  readonly settle: () => void
  isCancelled = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    this.settle = resolve
  }
}

/**
 * The processes of one session, by the ids its client chose. Requests on one process take effect in the order they
 * arrive: what arrives during a start waits for it, except terminate, which cancels it.
 */
export class ProcessTable implements AsyncDisposable {
  readonly #host: ProcessHost
  readonly #entries = new Map<string, PendingStart | HostProcess>()
  /** What keeps the closed ones readable. */
  readonly #closed = new Map<string, Disposable>()
  #delivery: Delivery | undefined
  #catchUp: CatchUp | undefined
  readonly #shares: SessionShares
  #isEnded = false

  constructor(host: ProcessHost) {
    this.#host = host
    const { waitingInputBytes } = host.limits
    this.#shares = {
      output: host.output.session(),
      waitingInput: new ByteAllowance(waitingInputBytes, bytes => tooMuchInput(waitingInputBytes, bytes)),
    }
  }

  /**
   * Starts a process. When the launch takes time to prepare, the id is taken meanwhile.
   * @throws GatewayError when the id is taken, a limit is reached, the system refuses or the start was cancelled
   */
  start(id: string, launch: Launch | Promise<Launch>, origin: ProcessOrigin): void | Promise<void> {
    if (this.#isEnded) throw new GatewayError('invalidRequest', `process ${id} cannot start: its session has ended`)
    this.refuseTaken(id)
    this.#checkLimits()
    if (launch instanceof Promise) return this.#startOncePrepared(id, launch, origin)
    this.#entries.set(id, this.#launch(id, launch, origin))
  }

  /** @throws GatewayError when there is a process of that id already */
  refuseTaken(id: string): void {
    if (this.#entries.has(id)) throw new GatewayError('invalidRequest', `process ${id} already exists`)
  }

  read(id: string, request: ReadRequest, signal: AbortSignal): OutputPage | Promise<OutputPage> {
    return this.#onceStarted(id, process => {
      if (process === undefined) throw new GatewayError('invalidRequest', `unknown process id ${shownId(id)}`)
      return process.read(request, signal)
    })
  }

  write(id: string, write: InputWrite, signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    return this.#onceStarted(id, process => {
      if (process !== undefined) return process.write(write, signal)
      this.#host.metrics.written('unknownProcess', 0)
      return 'unknownProcess'
    })
  }

  closeInput(id: string, signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    return this.#onceStarted(id, process => process?.closeInput(signal) ?? 'unknownProcess')
  }

  signal(id: string, signal: ProcessSignal): void | Promise<void> {
    return this.#onceStarted(id, process => process?.signal(signal))
  }

  /** @throws GatewayError when there is no such process, or it has no terminal */
  resize(id: string, size: TerminalSize): void | Promise<void> {
    return this.#onceStarted(id, process => {
      if (process === undefined) throw new GatewayError('invalidRequest', `unknown process id ${shownId(id)}`)
      process.resize(size)
    })
  }

  /** Ends the process at once, or cancels its start. Returns whether there was something to end. */
  terminate(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry instanceof HostProcess) return entry.terminate()
    if (entry === undefined) return false
    this.#cancel(id, entry)
    return true
  }

  /**
   * Ends a process at once with everything in its operating-system session, descendants that hold the streams of an exited
   * one included, or cancels its start. What an operator asks for; clients terminate. It is refused when the operating system does not
   * allow it.
   */
  killEverythingOf(id: string): 'killed' | 'ended' | 'unknown' | 'refused' {
    const entry = this.#entries.get(id)
    if (entry === undefined) return 'unknown'
    if (entry instanceof PendingStart) {
      this.#cancel(id, entry)
      return 'killed'
    }
    if (entry.isClosed) return 'ended'
    entry.terminate()
    return entry.kill() ? 'killed' : 'refused'
  }

  /** Every process by its id, in numbers. Starts that wait are not among them. */
  *summaries(): Iterable<{ readonly id: string } & ProcessSummary> {
    for (const process of this.#processes()) yield { id: process.id, ...process.summary }
  }

  /** The same without those that are closed, which may be a hundred times as many. */
  *openSummaries(): Iterable<ProcessSummary> {
    for (const process of this.#processes()) if (!process.isClosed) yield process.summary
  }

  attach(delivery: Delivery): void {
    this.#delivery = delivery
    if (this.#entries.size === 0) return
    const catchUp = new CatchUp({
      delivery,
      timers: this.#host.timers,
      givenUp: () => {
        for (const process of this.#processes()) process.catchUpGivenUp()
      },
    })
    this.#catchUp = catchUp
    for (const process of this.#processes()) process.attach(delivery, catchUp)
  }

  detach(): void {
    this.#delivery = undefined
    this.#catchUp?.[Symbol.dispose]()
    for (const process of this.#processes()) process.detach()
  }

  /** Ends every process, all at the same time, and forgets them. */
  async end(graceMs: number): Promise<void> {
    this.#isEnded = true
    for (const [id, entry] of this.#entries) if (entry instanceof PendingStart) this.#cancel(id, entry)
    const processes = [...this.#processes()]
    await Promise.allSettled(processes.map(process => process.end(graceMs)))
    this.#catchUp?.[Symbol.dispose]()
    this.#entries.clear()
    for (const retained of this.#closed.values()) retained[Symbol.dispose]()
    this.#closed.clear()
  }

  /** SIGKILL for every process, without waiting for anything. */
  kill(): void {
    for (const process of this.#processes()) process.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end(this.#host.limits.graceMs)
  }

  async #startOncePrepared(id: string, launch: Promise<Launch>, origin: ProcessOrigin): Promise<void> {
    const pending = new PendingStart()
    this.#entries.set(id, pending)
    try {
      const prepared = await launch
      if (pending.isCancelled) {
        this.#host.metrics.notStarted(modeOf(prepared), 'cancelled')
        origin.span?.end('cancelled')
        throw new GatewayError('invalidRequest', `process ${id} start was cancelled`)
      }
      this.#entries.set(id, this.#launch(id, prepared, origin))
    } catch (error) {
      if (this.#entries.get(id) === pending) this.#entries.delete(id)
      throw error
    } finally {
      pending.settle()
    }
  }

  #launch(id: string, launch: Launch, origin: ProcessOrigin): HostProcess {
    try {
      const process: HostProcess = HostProcess.start({
        host: this.#host,
        id,
        launch,
        origin,
        delivery: this.#delivery,
        session: this.#shares,
        closed: () => {
          this.#retain(id, process)
        },
      })
      return process
    } catch (error) {
      this.#host.metrics.notStarted(modeOf(launch), 'refused')
      origin.span?.end('refused')
      if (!(error instanceof SystemError)) throw error
      const cwd = kindOf(launch.cwd)
      // The program is looked for before the directory is entered, which the operating system does the other way round.
      const message = cwd === 'no directory' ? osErrorText(ENOTDIR) : error.message
      const data = cwd === 'directory' ? { field: 'argv' } : { field: 'cwd' }
      throw new GatewayError('refused', message, { data, cause: error })
    }
  }

  #cancel(id: string, pending: PendingStart): void {
    pending.isCancelled = true
    this.#entries.delete(id)
  }

  /** Acts at once, unless the process is still being started: then after that, in the order of arrival. */
  #onceStarted<Value>(id: string, act: (process: HostProcess | undefined) => Value): Value | Promise<Awaited<Value>> {
    const entry = this.#entries.get(id)
    return entry instanceof PendingStart ? this.#afterStart(id, entry, act) : act(entry)
  }

  async #afterStart<Value>(
    id: string,
    pending: PendingStart,
    act: (process: HostProcess | undefined) => Value,
  ): Promise<Awaited<Value>> {
    await pending.settled
    return await this.#onceStarted(id, act)
  }

  *#processes(): Iterable<HostProcess> {
    for (const entry of this.#entries.values()) if (entry instanceof HostProcess) yield entry
  }

  #checkLimits(): void {
    const { maxProcesses, maxSessionProcesses } = this.#host.limits
    if (this.#host.ledger.active('process') >= maxProcesses) {
      const text = `this gateway already runs ${maxProcesses} processes, its limit; try again when some have ended`
      throw GatewayError.limit('maxProcesses', maxProcesses, text)
    }
    if (this.#entries.size - this.#closed.size >= maxSessionProcesses) {
      const text = `this session already runs ${maxSessionProcesses} processes, its limit; try again when some have ended`
      throw GatewayError.limit('maxSessionProcesses', maxSessionProcesses, text)
    }
  }

  #retain(id: string, process: HostProcess): void {
    if (this.#isEnded) return
    let isDropped = false
    const retained = this.#host.closed.retain(process.keptBytes, (reason, limit) => {
      isDropped = true
      this.#closed.delete(id)
      this.#entries.delete(id)
      if (limit !== undefined) this.#host.metrics.limitReached(limit)
      process.forget(reason)
    })
    if (!isDropped) this.#closed.set(id, retained)
  }
}

function tooMuchInput(limitBytes: number, waitingBytes: number): GatewayError {
  const text =
    `${waitingBytes} bytes of input wait for processes of this session; ` +
    `at most ${limitBytes} may: wait for an answer first`
  return GatewayError.limit('waitingInputBytes', limitBytes, text)
}

function modeOf({ streams }: Launch): StartMode {
  return streams === 'terminal' ? 'terminal' : 'pipes'
}

function kindOf(path: Buffer): 'directory' | 'no directory' | 'unknown' {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'no directory'
  } catch {
    return 'unknown'
  }
}
