import type { WritableStream } from 'node:stream/web'
import type { Timers } from '../lifecycle/timers.ts'
import type { OutputPage, ProcessSignal, Receipt, TerminalSize } from '../protocol/process-schemas.ts'
import { orAborted, pause } from './deadline.ts'
import type { SubscriptionLimits } from './event-log.ts'
import { FollowedOutput, type Output } from './followed-output.ts'
import { requireExtension } from './extensions.ts'
import { type InputEnd, processInput } from './process-input.ts'
import type { ReadOptions, RemoteProcess } from './remote-process.ts'

/** How long disposing waits for the server to confirm; the process is ended all the same. */
const disposeMs = 2000

/** How a process ended. A non-zero code is a result, not an error. */
export interface Exit {
  /** The status, or 128 + the signal it died of. */
  readonly exitCode: number
  /** Whether a sandbox refused something the command wanted. */
  readonly sandboxDenied: boolean
  /** Time, memory and cause, where the server tells. */
  readonly receipt: Receipt | undefined
}

export interface ProcessOptions {
  readonly remote: RemoteProcess
  readonly inputEnd: InputEnd
  /** Additions the server announces. */
  readonly extensions: readonly string[]
  readonly timers: Timers
  /** Output a slow reader may fall behind before it has to read what the server retains. */
  readonly bufferBytes: number
  /** Holds the connection back; undefined where readers may fall behind. */
  readonly holdInput: (() => Disposable) | undefined
  /** Ends the process at the server, however many connections it takes. */
  readonly end: () => Promise<void>
}

/** A running command. Disposing it kills the command unless it has ended. */
export class Process implements AsyncDisposable {
  readonly id: string
  /** Bytes or text for its standard input, each exactly once. Needs `stdin: 'pipe'` or `tty`. */
  readonly stdin: WritableStream<Uint8Array | string>
  readonly #options: ProcessOptions
  #exit: Promise<Exit> | undefined
  #disposal: Promise<void> | undefined

  constructor(options: ProcessOptions) {
    this.#options = options
    this.id = options.remote.id
    this.stdin = processInput(options.remote, options.inputEnd)
  }

  /** Whether it has exited and its output has ended. */
  get isClosed(): boolean {
    return this.#options.remote.isClosed
  }

  /**
   * Everything it writes, from the beginning, for each reader. A reader that comes late or falls behind reads what the server
   * retains, and fails with `outputLost` where that is not enough.
   */
  get output(): AsyncIterable<Output> {
    return this.follow()
  }

  /** As `output`, until the signal aborts. */
  follow(signal?: AbortSignal): AsyncIterable<Output> {
    const { remote, bufferBytes, holdInput } = this.#options
    const limits: SubscriptionLimits =
      holdInput === undefined
        ? { maxEvents: Infinity, maxBytes: bufferBytes }
        : { maxEvents: Infinity, hold: { aboveBytes: bufferBytes, begin: holdInput } }
    return {
      async *[Symbol.asyncIterator]() {
        using subscription = remote.subscribe(limits)
        yield* new FollowedOutput(remote, subscription, signal)
      },
    }
  }

  /** Resolves when it has exited; descendants may go on writing. The signal ends the wait, not the process. */
  async wait(signal?: AbortSignal): Promise<Exit> {
    this.#exit ??= this.#awaitExit()
    return orAborted(this.#exit, signal)
  }

  /** A page of what the server retains, asked for again when the connection breaks. `output` rarely needs it. */
  read(options?: ReadOptions): Promise<OutputPage> {
    return this.#options.remote.read(options)
  }

  /** Ctrl-C: SIGINT to its process group. Nothing happens when it has exited. */
  interrupt(signal?: AbortSignal): Promise<void> {
    return this.#options.remote.signal('interrupt', signal)
  }

  /**
   * Sends a signal to its process group, `quit` in a terminal to what runs in its foreground. Nothing happens when it has exited.
   * @throws GatewayError `unsupported` where the server knows none but `interrupt`
   */
  async signal(signal: ProcessSignal, abort?: AbortSignal): Promise<void> {
    const { remote, extensions } = this.#options
    if (signal !== 'interrupt') requireExtension(extensions, 'signals', `send the signal \`${signal}\``)
    await remote.signal(signal, abort)
  }

  /** Tells its terminal the size. @throws GatewayError `unsupported` where the server cannot */
  async resize(size: TerminalSize, signal?: AbortSignal): Promise<void> {
    const { remote, extensions } = this.#options
    requireExtension(extensions, 'resize', 'resize a terminal')
    await remote.resize(size, signal)
  }

  /** SIGKILL, at once. Resolves to whether there was something to kill. */
  kill(signal?: AbortSignal): Promise<boolean> {
    return this.#options.remote.terminate(signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose()
    return this.#disposal
  }

  /** The exit as it was pushed. Servers that do not push whether something was denied are asked, once. */
  async #awaitExit(): Promise<Exit> {
    const { remote } = this.#options
    const { seq, exitCode, sandboxDenied, receipt } = await remote.exited
    if (sandboxDenied !== undefined) return { exitCode, sandboxDenied, receipt }
    const page = await remote.read({ afterSeq: seq })
    return { exitCode, sandboxDenied: page.sandboxDenied, receipt: page.receipt }
  }

  async #dispose(): Promise<void> {
    const { remote, timers, end } = this.#options
    // One that cannot be followed any further may run all the same.
    if (remote.isClosed || remote.failure?.kind === 'sessionLost') return
    const abort = new AbortController()
    const ended = end()
    await Promise.race([ended, pause(timers, disposeMs, abort.signal).catch(() => {})])
    abort.abort()
  }
}
