import type { Readable, Writable } from 'node:stream'
import type { Logger } from 'pino'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import type { ConfigSource } from '../discovery/environment-config.ts'
import { Fetching, type FetchingSetup } from '../fetching/fetching.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import type { EnvironmentInfo } from '../protocol/session-schemas.ts'
import { ChunkMemory } from '../processes/chunk-memory.ts'
import { ClosedProcesses } from '../processes/closed-processes.ts'
import type { ProcessEngine } from '../processes/engine.ts'
import { FilesystemMetrics } from '../filesystem/filesystem-metrics.ts'
import type { FileCalls } from '../libc/file-calls.ts'
import type { FileSetup } from '../filesystem/file-access.ts'
import { maxBlockBytes } from '../filesystem/filesystem-limits.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { CachedFiles } from '../filesystem/cached-files.ts'
import { EventBursts } from '../filesystem/event-bursts.ts'
import { openTerritory } from '../filesystem/open-territory.ts'
import { everywhere } from '../filesystem/territory.ts'
import { OutputBudget } from '../processes/output-budget.ts'
import { OomEvents } from '../processes/oom-events.ts'
import { ProcessMetrics } from '../processes/process-metrics.ts'
import { SessionMetrics } from '../sessions/session-metrics.ts'
import { SessionRegistry } from '../sessions/session-registry.ts'
import type { Session } from '../sessions/session.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import { Connection } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { ConnectionMetrics } from './connection-metrics.ts'
import { statePage } from './debug-pages.ts'
import { type GatewayGauges, gatewayGauges, type GatewayState } from './gateway-gauges.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { discoveryHandlers } from './handlers/discovery-handlers.ts'
import { environmentHandlers } from './handlers/environment-handlers.ts'
import { fileStreamHandlers } from './handlers/file-stream-handlers.ts'
import { filesystemHandlers } from './handlers/filesystem-handlers.ts'
import { httpHandlers } from './handlers/http-handlers.ts'
import { type ChildDefaults, processHandlers } from './handlers/process-handlers.ts'
import { killAction } from './kill-action.ts'
import { killPath } from './operator-schemas.ts'
import { type Actions, type Page, type Pages, textPage } from './pages.ts'
import { RequestMetrics } from './request-metrics.ts'
import { StdioTransport } from './stdio-transport.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** How often silent connections are looked for. */
const livenessPeriodMs = 1000

/** What small files, blocks of output and blocks of files are read into. */
const contentSizes = [
  { leastBytes: 1024, bytes: 9 * 1024, maxFree: 16 },
  { leastBytes: 9 * 1024, bytes: 68 * 1024, maxFree: 16 },
  { leastBytes: 512 * 1024, bytes: maxBlockBytes + 1, maxFree: 2 },
] as const

export interface GatewayOptions {
  readonly limits: GatewayLimits
  readonly engine: ProcessEngine
  /** Absent where there are none. */
  readonly fileCalls?: FileCalls | undefined
  readonly children: ChildDefaults
  readonly fetching: FetchingSetup
  /** What `environmentConfig/read` answers from. */
  readonly clientConfig: ConfigSource
  /** What `environment/info` answers. */
  readonly describeHost: () => EnvironmentInfo
  readonly log: Logger
  readonly telemetry?: Telemetry
}

interface ConnectableTransport extends Transport {
  start(events: TransportEvents): void
}

/** Owns everything: listeners, connections, sessions and through them the processes. */
export class Gateway implements AsyncDisposable, GatewayState {
  readonly ledger: Ledger
  readonly telemetry: Telemetry
  readonly requestMetrics: RequestMetrics
  readonly processMetrics: ProcessMetrics
  readonly connectionMetrics: ConnectionMetrics
  readonly fileMetrics: FilesystemMetrics
  readonly closed: ClosedProcesses
  readonly output: OutputBudget
  readonly fetching: Fetching
  readonly #options: GatewayOptions
  readonly #timers: Timers
  readonly #fileSetup: FileSetup
  readonly #sessions: SessionRegistry
  readonly #dispatcher: Dispatcher
  readonly #connections = new Set<Connection>()
  readonly #listeners: AsyncDisposable[] = []
  readonly #liveness: Disposable
  /** What operators may do, wherever they have their pages. */
  readonly #actions: Actions
  #draining: Promise<void> | undefined

  private constructor(options: GatewayOptions) {
    this.#options = options
    const { engine, limits, log, telemetry = new Telemetry() } = options
    const { instruments } = telemetry
    this.telemetry = telemetry
    this.ledger = new Ledger(kind => {
      instruments.guardLeaks.add({ kind })
    })
    this.#timers = new Timers(this.ledger)
    this.requestMetrics = new RequestMetrics(instruments)
    this.processMetrics = new ProcessMetrics(instruments)
    this.connectionMetrics = new ConnectionMetrics(instruments)
    this.fileMetrics = new FilesystemMetrics(instruments)
    this.closed = new ClosedProcesses(this.#timers, limits)
    this.output = new OutputBudget(limits)
    this.#sessions = new SessionRegistry({
      host: {
        engine,
        limits,
        ledger: this.ledger,
        timers: this.#timers,
        metrics: this.processMetrics,
        closed: this.closed,
        output: this.output,
        memory: new ChunkMemory(),
        oom: new OomEvents(),
      },
      limits,
      log,
      metrics: new SessionMetrics(instruments),
    })
    this.fetching = new Fetching({
      ...options.fetching,
      limits,
      ledger: this.ledger,
      timers: this.#timers,
      instruments,
    })
    const contents = new BufferPools(contentSizes)
    this.#fileSetup = {
      mode: limits.fileMode,
      territory: openTerritory(limits),
      cached: new CachedFiles(options.fileCalls, contents),
      contents,
      bursts: new EventBursts(),
      metrics: this.fileMetrics,
    }
    this.#dispatcher = new Dispatcher({
      handlers: {
        ...environmentHandlers(options.describeHost, options.limits.detachedSessionMs),
        ...processHandlers(options.children, limits),
        ...filesystemHandlers(options.children.os),
        ...fileStreamHandlers(options.children.os),
        ...httpHandlers(this.fetching),
        ...discoveryHandlers({
          os: options.children.os,
          config: options.clientConfig,
          isEverywhere: this.#fileSetup.territory === everywhere,
        }),
      },
      observer: this.requestMetrics,
      log,
      telemetry,
    })
    this.#actions = new Map([[killPath, killAction(this, log)]])
    this.#liveness = this.#timers.every(livenessPeriodMs, () => {
      const now = performance.now()
      for (const connection of this.#connections) connection.checkLiveness(now)
    })
  }

  static open(options: GatewayOptions): Gateway {
    return new Gateway(options)
  }

  get limits(): GatewayLimits {
    return this.#options.limits
  }

  get isDraining(): boolean {
    return this.#draining !== undefined
  }

  get gauges(): GatewayGauges {
    return gatewayGauges(this)
  }

  connections(): Iterable<Connection> {
    return this.#connections
  }

  sessions(): Iterable<Session> {
    return this.#sessions
  }

  /** `/debug/state` */
  statePage(): Page {
    return statePage(this)
  }

  /**
   * Listens for operators: their pages and the health of the gateway.
   * @returns the URL they find them at
   * @throws when the address cannot be bound
   */
  async listenForOperators({ host, port, pages }: { host: string; port: number; pages: Pages }): Promise<string> {
    const health = new Map<string, () => Page>([
      ['/livez', () => textPage(200, 'ok')],
      ['/readyz', () => (this.isDraining ? textPage(503, 'draining') : textPage(200, 'ok'))],
    ])
    const { AdminListener } = await import('./admin-listener.ts')
    const listener = await AdminListener.open({
      host,
      port,
      pages: new Map([...health, ...pages]),
      actions: this.#actions,
    })
    this.#listeners.push(listener)
    return listener.url
  }

  /**
   * Listens for WebSocket connections.
   * @returns the URL clients connect to
   * @throws when the address cannot be bound
   */
  async listen(address: { host: string; port: number; hasHealthEndpoints: boolean; pages?: Pages }): Promise<string> {
    // Whoever runs commands in this program, or on standard streams without pages for operators, needs no server.
    const { WebSocketListener } = await import('./websocket-listener.ts')
    const listener = await WebSocketListener.open({
      ...address,
      pages: address.pages ?? new Map(),
      actions: address.pages === undefined ? new Map() : this.#actions,
      refused: reason => {
        this.connectionMetrics.rejected(reason)
      },
      timers: this.#timers,
      maxConnections: this.#options.limits.maxConnections,
      maxMessageBytes: this.#options.limits.maxMessageBytes,
      admit: () => {
        if (this.#draining !== undefined) return 'draining'
        return this.#connections.size < this.#options.limits.maxConnections ? 'yes' : 'full'
      },
      accepted: transport => {
        this.#connect(transport)
      },
    })
    this.#listeners.push(listener)
    return listener.url
  }

  /** Serves one connection on a pair of streams. Resolves when it is over and its processes are gone. */
  async serveStdio(input: Readable, output: Writable): Promise<void> {
    const { maxMessageBytes } = this.#options.limits
    const transport = new StdioTransport({ input, output, timers: this.#timers, maxMessageBytes })
    await this.#connect(transport).over
    await this.#sessions.endAll(0, 'input_end')
  }

  /**
   * Shuts down in order: admits nobody, ends all processes, says goodbye, stops listening. A second caller waits for
   * the first.
   */
  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  /** Ends every process at once and waits for nothing. The program is about to exit. */
  killAll(): void {
    this.#sessions.killAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain()
  }

  #connect(transport: ConnectableTransport): Connection {
    const connection: Connection = new Connection({
      transport,
      dispatcher: this.#dispatcher,
      sessions: this.#sessions,
      ledger: this.ledger,
      timers: this.#timers,
      limits: this.#options.limits,
      log: this.#options.log,
      metrics: this.connectionMetrics,
      fileSetup: this.#fileSetup,
      telemetry: this.telemetry,
      ended: session => {
        // Nobody can come back on standard input: the processes end with the connection.
        if (transport.kind === 'stdio' && session !== undefined) this.#sessions.end(session, 0, 'input_end')
      },
    })
    this.#connections.add(connection)
    void connection.over.then(() => this.#connections.delete(connection))
    transport.start(connection)
    return connection
  }

  async #drain(): Promise<void> {
    await this.#sessions.endAll(this.#options.limits.graceMs)
    const connections = [...this.#connections]
    for (const connection of connections)
      connection.close(closeCodes.goingAway, 'the gateway is shutting down', 'draining')
    await Promise.allSettled(connections.map(connection => connection.over))
    this.#liveness[Symbol.dispose]()
    this.output[Symbol.dispose]()
    await this.fetching[Symbol.asyncDispose]()
    await Promise.allSettled(this.#listeners.map(listener => listener[Symbol.asyncDispose]()))
  }
}
