import { pino } from 'pino'
import { expect } from 'vitest'
import type { ConfigSource } from '../../src/discovery/environment-config.ts'
import type { FetchingSetup } from '../../src/fetching/fetching.ts'
import { Gateway } from '../../src/gateway/gateway.ts'
import type { GatewayLimits } from '../../src/gateway/gateway-limits.ts'
import { describeHost, offerOf, systemFacts } from '../../src/gateway/host-environment.ts'
import { ChildReaper } from '../../src/processes/child-reaper.ts'
import { type LaunchNumbers, LaunchRegistry } from '../../src/processes/launch-registry.ts'
import { FileCalls } from '../../src/libc/file-calls.ts'
import { Libc } from '../../src/libc/libc.ts'
import { NativeEngine } from '../../src/processes/native-engine.ts'
import { openEngine } from '../../src/processes/open-engine.ts'
import { wantsPortable } from './tested-engine.ts'
import { Peer } from './peer.ts'

export const defaultLimits: GatewayLimits = {
  detachedSessionMs: 80_000,
  closedProcessMs: 80_000,
  detachedOutputBytes: 8 * 1024 * 1024,
  graceMs: 2000,
  pingAfterMs: 15_000,
  dropAfterMs: 90_000,
  probeMs: 1000,
  maxConnections: 64,
  maxSessions: 64,
  maxProcesses: 1024,
  maxSessionProcesses: 1024,
  maxArgumentBytes: 6 * 1024 * 1024,
  maxEnvironmentBytes: 6 * 1024 * 1024,
  maxMessageBytes: 64 * 1024 * 1024,
  retainedOutputBytes: 1024 * 1024 * 1024,
  waitingInputBytes: 128 * 1024 * 1024,
  maxClosedProcesses: 10_000,
  closedOutputBytes: 1024 * 1024 * 1024,
  maxRequests: 2048,
  maxFetches: 1024,
  maxSentBodyBytes: 256 * 1024 * 1024,
  stdinQueueBytes: 8 * 1024 * 1024,
  outputInFlightBytes: 256 * 1024,
  fileMode: 'read-write',
  fileRoots: [],
  readOnlyFileRoots: [],
}

export interface GatewayFixture extends AsyncDisposable {
  readonly gateway: Gateway
  readonly libc: Libc
  readonly reaper: ChildReaper
  readonly launches: LaunchRegistry
  readonly url: string
  /** A connection without a handshake. */
  open(): Promise<Peer>
  /** A connection that is ready: a new session, or the one with the id. */
  connect(resumeSessionId?: string): Promise<Peer>
}

export interface FixtureOptions {
  /** What differs from an open gateway without proxies. */
  readonly fetching?: Partial<FetchingSetup>
  /** What clients may read, instead of nothing. */
  readonly clientConfig?: ConfigSource
  readonly limits?: Partial<GatewayLimits>
  /** What children may inherit, instead of a small environment. */
  readonly inherited?: ReadonlyMap<string, string>
  readonly markers?: (numbers: LaunchNumbers) => ReadonlyMap<string, string>
}

/** A gateway in this process with real children. Disposing it drains it and demands that nothing is left. */
export async function startGateway(options: FixtureOptions = {}): Promise<GatewayFixture> {
  const libc = Libc.load()
  const reaper = ChildReaper.open(libc)
  const launches = new LaunchRegistry()
  const host = systemFacts()
  const gateway = Gateway.open({
    limits: { ...defaultLimits, ...options.limits },
    engine: wantsPortable ? openEngine('portable').engine : new NativeEngine(libc, reaper),
    fileCalls: wantsPortable ? undefined : FileCalls.open(libc.library),
    children: {
      os: 'linux',
      inheritedEnvironment: () => options.inherited ?? new Map([['PATH', '/usr/local/bin:/usr/bin:/bin']]),
      loginShell: '/bin/sh',
      markers: numbers => options.markers?.(numbers) ?? new Map(),
      launches,
      passesTrace: true,
    },
    fetching: {
      targets: { policy: 'all', allow: [], deny: [] },
      environment: {},
      variables: () => undefined,
      ...options.fetching,
    },
    clientConfig: options.clientConfig ?? { folder: undefined, homeDir: '/home/u', hostname: 'vm' },
    describeHost: () => describeHost(offerOf(options.limits?.fileMode ?? 'read-write'), host),
    log: pino({ level: 'silent' }),
  })
  const url = await gateway.listen({ host: '127.0.0.1', port: 0, hasHealthEndpoints: true })
  const peers = new AsyncDisposableStack()
  const open = async () => peers.use(await Peer.open(url))
  return {
    gateway,
    libc,
    reaper,
    launches,
    url,
    open,
    connect: async resumeSessionId => {
      const peer = await open()
      await peer.shakeHands(resumeSessionId)
      return peer
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      await peers.disposeAsync()
      reaper[Symbol.dispose]()
      expect(gateway.ledger.outstanding(), 'guards left behind').toEqual({})
      expect(gateway.processMetrics.active, 'processes counted as running').toBe(0)
    },
  }
}
