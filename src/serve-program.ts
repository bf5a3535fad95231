import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { announce, openStandardOutput } from './cli/standard-streams.ts'
import { isLoopback } from './config/listen-url.ts'
import type { Command, Settings } from './config/options.ts'
import { fetchPolicy } from './config/rules.ts'
import { Gateway } from './gateway/gateway.ts'
import type { RegistryFacts } from './leaks/classify.ts'
import { LeakLedger } from './leaks/leak-ledger.ts'
import { markOf, markPrefix, thisGateway } from './leaks/marker.ts'
import { Heap } from './libc/heap.ts'
import { Ledger } from './lifecycle/ledger.ts'
import { SpareMemory } from './lifecycle/spare-memory.ts'
import { Timers } from './lifecycle/timers.ts'
import { startWorkerThreads } from './lifecycle/worker-threads.ts'
import { Observation } from './observation.ts'
import { LaunchRegistry } from './processes/launch-registry.ts'
import { openEngine } from './processes/open-engine.ts'
import { instanceMarker, Watchdog } from './processes/watchdog.ts'
import { startNatively, startPortably } from './processes/watchdog-start.ts'
import { type OpenLog, openLog } from './telemetry/logger.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { thisProgram } from './this-program.ts'

export interface ServeRequest {
  readonly command: Command
  readonly settings: Settings
  /** What the configuration had to be warned of. */
  readonly warnings: readonly string[]
}

/** `execgate serve` and `execgate exec-server`: a gateway, until it is told to end. Resolves to the exit code. */
export async function serveProgram({ command, settings, warnings }: ServeRequest): Promise<number> {
  const telemetry = new Telemetry()
  const opened = openLog(settings.logLevel, telemetry)
  for (const warning of warnings) opened.log.warn(warning)
  let status = 0
  try {
    await run({ command, settings, telemetry, opened })
  } catch (error) {
    process.stderr.write(`execgate: ${error instanceof Error ? error.message : String(error)}\n`)
    status = 1
  }
  await opened.flush()
  return status
}

interface Run {
  readonly command: Command
  readonly settings: Settings
  readonly telemetry: Telemetry
  readonly opened: OpenLog
}

/** Runs a gateway until a signal or the end of its input. */
async function run({ command, settings, telemetry, opened }: Run): Promise<void> {
  const { log } = opened
  await startWorkerThreads()
  using chosen = openEngine(settings.engine)
  const { native, fallback } = chosen
  if (fallback !== undefined) log.warn({ reason: fallback }, 'processes are started by the portable engine')
  const instance = randomUUID()
  const identity = thisGateway(instance)
  const timers = new Timers(new Ledger())
  await using _watchdog = settings.watchdog
    ? Watchdog.start({
        start: native === undefined ? startPortably : startNatively(native),
        instance: markPrefix(identity),
        log,
        timers,
      })
    : undefined
  const launches = new LaunchRegistry()
  const { machine, children, fetching, clients } = thisProgram(chosen, settings)
  await using gateway = Gateway.open({
    ...machine,
    limits: settings,
    children: {
      ...children,
      markers: numbers => new Map(settings.instanceMarker ? [[instanceMarker, markOf(identity, numbers)]] : []),
      launches,
      passesTrace: settings.passTrace,
    },
    fetching: {
      ...fetching,
      targets: { policy: fetchPolicy(settings), allow: settings.fetchAllow, deny: settings.fetchDeny },
    },
    clientConfig: { ...clients, folder: settings.clientConfig === '' ? undefined : settings.clientConfig },
    log,
    telemetry,
  })
  await using leaks = LeakLedger.open({
    gateway: identity,
    native,
    timers,
    instruments: telemetry.instruments,
    log,
    // Without marks nothing can be told apart.
    policy: settings.instanceMarker ? settings.leakPolicy : 'off',
    graceMs: settings.leakGraceMs,
    censusMs: settings.censusMs,
    facts: () => registryFacts(gateway, launches),
  })
  const heap = new Heap(native?.libc.library)
  using _spareMemory = new SpareMemory({
    timers,
    afterMs: settings.releaseMemoryAfterMs,
    activity: () => gateway.connectionMetrics.messageBytes,
    residentBytes: () => process.memoryUsage.rss(),
    release: () => heap.release(),
    released: (bytes, durationMs) => {
      telemetry.instruments.memoryReleased.add({}, bytes)
      log.debug({ bytes, durationMs }, 'memory that is not needed was given back')
    },
  })
  const stopped = untilSignalled(gateway, log)
  await using observed = new Observation({
    gateway,
    settings,
    telemetry,
    opened,
    leaks,
    instance,
  })
  const admin = adminAddress(settings)
  const serveOperators = async () => {
    if (admin === undefined) return
    const url = await gateway.listenForOperators({ ...admin, pages: observed.pages })
    log.info({ url }, 'operators are served')
  }
  if (settings.listen.transport === 'stdio') {
    await serveOperators()
    await observed.start()
    void leaks.endLeftovers()
    await Promise.race([gateway.serveStdio(process.stdin, openStandardOutput()), stopped])
  } else {
    const isServing = command === 'serve'
    const pages = settings.adminListen === 'auto' && admin === undefined ? observed.pages : undefined
    // A drop-in is measured from its first request; a gateway is wanted at once, and counts meanwhile.
    if (!isServing) await observed.start()
    const url = await gateway.listen({ ...settings.listen, hasHealthEndpoints: isServing, ...(pages && { pages }) })
    await serveOperators()
    announce(url)
    // Whoever cannot listen touches nothing.
    void leaks.endLeftovers()
    if (isServing) await observed.start()
    await stopped
  }
  await gateway.drain()
}

/** What the gateway knows of its processes, to compare with what there is. */
function registryFacts(gateway: Gateway, launches: LaunchRegistry): RegistryFacts {
  const sessions = [...gateway.sessions()]
  return {
    now: performance.now(),
    launches: sessions.flatMap(session => [...session.processes.openSummaries()]),
    liveSessions: new Set(sessions.map(({ number }) => number)),
    lastLaunch: launches.last,
    attribute: launch => launches.find(launch),
  }
}

/** The port of its own that operators are served on, if any: `auto` needs none while clients come over loopback. */
function adminAddress({ adminListen, listen }: Settings): { host: string; port: number } | undefined {
  if (typeof adminListen !== 'string') return adminListen
  if (adminListen === 'off' || (listen.transport === 'websocket' && isLoopback(listen.host))) return undefined
  return { host: '127.0.0.1', port: 9464 }
}

/** The first signal shuts down in order, the second ends everything at once, unless it only says that the terminal has closed. */
function untilSignalled(gateway: Gateway, log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) {
      gateway.killAll()
      process.exit(0)
    }
    isStopping = true
    log.info({ signal }, 'shutting down')
    void gateway.drain().then(resolve)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // A terminal that closes may say so more than once.
  process.on('SIGHUP', signal => {
    if (!isStopping) stop(signal)
  })
  // Node.js would open a port on which everybody on this machine may debug the gateway.
  process.on('SIGUSR1', () => {})
  return promise
}
