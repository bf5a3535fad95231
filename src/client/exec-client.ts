import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { MethodName, ParamsInput, Result } from '../protocol/method-table.ts'
import type { EnvironmentInfo } from '../protocol/session-schemas.ts'
import { type OpenTelemetryApi, traceCalls } from '../telemetry/call-tracing.ts'
import type { Dial } from './channel.ts'
import { orAborted, pause, withDeadline } from './deadline.ts'
import { durationText } from './durations.ts'
import { collect, type ExecResult, feed } from './exec.ts'
import { requireExtension } from './extensions.ts'
import { Files } from './files.ts'
import { type FetchOptions, fetchThrough } from './http-fetch.ts'
import { Link, type LinkState } from './link.ts'
import { Process } from './process.ts'
import type { CallOptions } from './process-calls.ts'
import { type InputEnd, inputEndUnsupported } from './process-input.ts'
import { endProcess, startProcess } from './process-start.ts'
import { type Command, startParams, type StartOptions } from './start-options.ts'
import { type ServerCommand, StdioChannel } from './stdio-channel.ts'
import { type ServerStreams, StreamChannel } from './stream-channel.ts'
import { WebSocketChannel } from './websocket-channel.ts'

const defaults = {
  clientName: 'execgate-client',
  connectTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  recoveryMs: 45_000,
  retryMs: 100,
  silenceMs: 45_000,
  bufferBytes: 8 * 1024 * 1024,
  maxOutputBytes: 16 * 1024 * 1024,
}

/** How long disposing waits for the end of what still runs. */
const disposeMs = 2000

/** Where the server is. */
export type Server = string | URL | ServerCommand | ServerStreams

export interface ClientOptions {
  /** How the client introduces itself; for diagnostics. Default `execgate-client`. */
  readonly clientName?: string
  /** A session to take up instead of starting a new one. */
  readonly resumeSessionId?: string
  /** Sent with a WebSocket upgrade, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** For one WebSocket connection to come about. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** For the handshake on a new connection. Default 10 s. */
  readonly handshakeTimeoutMs?: number
  /** How long an outage may last. Default 45 s; servers keep a session for 80 s, those before release 0.169 for 30 s. */
  readonly recoveryMs?: number
  /** Between two attempts to resume, and before a call that is lost again and again is repeated; there it doubles. Default 100 ms. */
  readonly retryMs?: number
  /** A WebSocket without a byte for this long counts as broken. Default 45 s. */
  readonly silenceMs?: number
  /** The OpenTelemetry API: gives every call a span of kind CLIENT, which the server's spans become children of. */
  readonly openTelemetry?: OpenTelemetryApi
  /** Told whenever the connection breaks, is back, is given up, or is closed by the caller. */
  readonly stateChanged?: (state: LinkState) => void
  /** Gives up connecting. */
  readonly signal?: AbortSignal
}

export interface ExecOptions extends StartOptions {
  /** All of its standard input. Needs a server that announces `inputEnd`. */
  readonly input?: string | Uint8Array
  /** The command is killed after this long, with any server, and the call fails with `timedOut`. Default: no limit. */
  readonly timeoutMs?: number
  /** The command is killed when it writes more, and the call fails with `limitReached`. Default 16 MiB. */
  readonly maxOutputBytes?: number
}

/**
 * A session with an exec server. It survives broken connections: calls wait while it is resumed, output is neither lost nor
 * repeated, input is written once. Everything it throws is a GatewayError, or the reason of the caller's own signal.
 */
export class ExecClient implements AsyncDisposable {
  /** The files of the server. */
  readonly files: Files
  readonly #link: Link
  #environment: Promise<EnvironmentInfo> | undefined
  #description: Promise<EnvironmentInfo | undefined> | undefined
  #disposal: Promise<void> | undefined

  private constructor(link: Link) {
    this.#link = link
    this.files = new Files(link, {
      canWriteBlocks: async () => (await this.#described())?.capabilities?.fileWriteStreaming === true,
      extensions: async () => extensionsOf(await this.#described()),
    })
  }

  /**
   * Connects to a `ws:` or `wss:` URL, starts a server that speaks over standard input and output, or speaks to one over streams
   * that are there. Only a URL can be reconnected to: the other two end with the client.
   */
  static async connect(server: Server, options: ClientOptions = {}): Promise<ExecClient> {
    const timers = new Timers(new Ledger())
    const {
      clientName = defaults.clientName,
      handshakeTimeoutMs = defaults.handshakeTimeoutMs,
      recoveryMs = defaults.recoveryMs,
      retryMs = defaults.retryMs,
    } = options
    const link = await Link.open(
      {
        dial: dialOf(server, options, timers),
        canReconnect: typeof server === 'string' || server instanceof URL,
        clientName,
        resumeSessionId: options.resumeSessionId,
        handshakeTimeoutMs,
        limits: { recoveryMs, retryMs },
        timers,
        tracing: options.openTelemetry && traceCalls(options.openTelemetry),
        stateChanged: options.stateChanged,
      },
      options.signal ?? new AbortController().signal,
    )
    return new ExecClient(link)
  }

  /** The only credential for resuming the session. */
  get sessionId(): string {
    return this.#link.sessionId
  }

  /** Looking at it connects to nothing. */
  get state(): LinkState {
    return this.#link.state
  }

  /**
   * Calls a method of the protocol as it is. While the session is being resumed it waits; when the connection breaks under it,
   * it fails with `disconnected`, as it may have taken effect. `environment/status` never waits.
   */
  call<M extends MethodName>(method: M, params: ParamsInput<M>, options: CallOptions = {}): Promise<Result<M>> {
    return this.#link.call(method, params, method === 'environment/status' ? { ...options, waits: false } : options)
  }

  /** What the server tells of its host, asked for once if it was not told at the handshake. */
  environment(): Promise<EnvironmentInfo> {
    const told = this.#link.environmentInfo
    this.#environment ??= told === undefined ? this.#askEnvironment() : Promise.resolve(told)
    return this.#environment
  }

  /** Whether the server announces an addition to the protocol by this name. */
  async announces(extension: string): Promise<boolean> {
    return extensionsOf(await this.#described()).includes(extension)
  }

  /**
   * Runs a command to its end. A non-zero exit code is a result.
   * @throws GatewayError when it cannot be started, followed, or does not end within its limits; it is killed then
   */
  async exec(command: Command, options: ExecOptions = {}): Promise<ExecResult> {
    const { input, timeoutMs, maxOutputBytes = defaults.maxOutputBytes } = options
    const tooLong = () =>
      new GatewayError('timedOut', `the command did not end within ${durationText(timeoutMs ?? 0)} and was killed`)
    using deadline = withDeadline(this.#link.timers, options.signal, timeoutMs, tooLong)
    const { signal } = deadline
    const isDescribed = input !== undefined || timeoutMs !== undefined
    const environment = isDescribed ? await orAborted(this.#described(), signal) : undefined
    if (input !== undefined && inputEndOf(environment, options) === 'unsupported') throw inputEndUnsupported()
    const stdin = input === undefined ? options.stdin : 'pipe'
    // Where it can, the server watches the time as well, should the connection be gone by then.
    const { timeoutMs: _mine, ...others } = options
    const isWatched = timeoutMs !== undefined && extensionsOf(environment).includes('timeouts')
    const startOptions = { ...others, ...(isWatched && { timeoutMs }), ...(stdin && { stdin }), signal }
    await using process = await this.start(command, startOptions)
    const collected = collect(process, maxOutputBytes, signal)
    // What has ended needs no more input, whatever becomes of it.
    const fed = input === undefined ? collected : feed(process, input).then(() => collected)
    const result = await Promise.race([collected, fed])
    if (result.receipt?.cause === 'timeout') throw tooLong()
    return result
  }

  /**
   * Starts a command and returns while it runs.
   * @throws GatewayError when it cannot be started
   */
  async start(command: Command, options: StartOptions = {}): Promise<Process> {
    const link = this.#link
    const environment = await orAborted(this.#described(), options.signal)
    const extensions = extensionsOf(environment)
    if (options.timeoutMs !== undefined) requireExtension(extensions, 'timeouts', 'end a command after some time')
    const params = startParams(command, options, environment?.cwd ?? 'file:///')
    const remote = await startProcess(link, params, options.signal)
    return new Process({
      remote,
      inputEnd: inputEndOf(environment, options),
      extensions,
      timers: link.timers,
      bufferBytes: options.bufferBytes ?? defaults.bufferBytes,
      holdInput: options.holdsConnection === true ? () => link.holdInput() : undefined,
      end: () => endProcess(link, remote),
    })
  }

  /**
   * Makes an HTTP request from the machine of the server and resolves once the head of the response is there. The body streams;
   * read it or cancel it. Nothing holds the server back: a body whose reader is more than 256 pieces behind fails, as does one
   * that would make all unread bodies exceed 16 MiB. A status of any kind is a result; `url` and `redirected` are not told.
   * @throws GatewayError when there is no response; the same from the body when it does not come to its end
   */
  fetch(url: string | URL, options: FetchOptions = {}): Promise<Response> {
    return fetchThrough(this.#link, url, options)
  }

  /** Lets go of the connection and leaves what runs to run: who knows `sessionId` can take the session up again for a while. */
  async detach(): Promise<void> {
    await this.#link[Symbol.asyncDispose]()
  }

  /** Kills what still runs and closes the connection. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose()
    return this.#disposal
  }

  async #dispose(): Promise<void> {
    const link = this.#link
    const abort = new AbortController()
    const ended = Promise.all(link.routes.all().map(process => endProcess(link, process)))
    if (link.state === 'connected' || link.state === 'recovering') {
      await Promise.race([ended, pause(link.timers, disposeMs, abort.signal).catch(() => {})])
    }
    abort.abort()
    await link[Symbol.asyncDispose]()
  }

  async #askEnvironment(): Promise<EnvironmentInfo> {
    try {
      return await this.call('environment/info', null, { repeats: true })
    } catch (error) {
      // The next one who wants to know asks again.
      this.#environment = undefined
      throw error
    }
  }

  /** A server that cannot describe itself can run commands all the same. */
  #described(): Promise<EnvironmentInfo | undefined> {
    this.#description ??= this.environment().catch((error: unknown) => {
      if (error instanceof GatewayError && error.kind === 'methodNotFound') return undefined
      this.#description = undefined
      throw error
    })
    return this.#description
  }
}

function inputEndOf(environment: EnvironmentInfo | undefined, { tty = false }: StartOptions): InputEnd {
  if (tty) return 'terminal'
  return extensionsOf(environment).includes('inputEnd') ? 'pipe' : 'unsupported'
}

/** Additions the server announces. */
function extensionsOf(environment: EnvironmentInfo | undefined): readonly string[] {
  return environment?.extensions ?? []
}

function dialOf(server: Server, options: ClientOptions, timers: Timers): Dial {
  if (typeof server === 'object' && 'command' in server) return () => StdioChannel.open(server, timers)
  if (typeof server === 'object' && 'input' in server) return () => Promise.resolve(new StreamChannel(server, timers))
  const { connectTimeoutMs = defaults.connectTimeoutMs, silenceMs = defaults.silenceMs, headers = {} } = options
  const url = String(server)
  return signal => WebSocketChannel.open({ url, headers, connectTimeoutMs, silenceMs }, timers, signal)
}
