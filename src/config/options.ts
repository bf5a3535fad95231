import type { z } from 'zod'
import {
  adminAddress,
  choice,
  count,
  duration,
  folder,
  folders,
  hosts,
  listenUrl,
  size,
  toggle,
  type ValueKind,
} from './value-kinds.ts'

/** The commands that are configured through this table. */
export const commands = ['serve', 'exec-server'] as const
export type Command = (typeof commands)[number]

/** One thing an operator may set. The names of its flag, variable and file key derive from `name`. */
interface Option<Value> {
  /** In kebab-case. Neither `port` nor `service-…`: Kubernetes injects variables of those names. */
  readonly name: string
  readonly value: ValueKind<Value>
  /** Written as an operator writes it. Two texts where the commands differ. */
  readonly default: string | Readonly<Record<Command, string>>
  /** Which commands take it; all when absent. For the others the default holds. */
  readonly commands?: readonly Command[]
  /** One sentence. */
  readonly help: string
}

function option<Value>(described: Option<Value>): Option<Value> {
  return described
}

/**
 * Everything that can be set. Flags, variables, file keys, validation, the help and the type of the settings derive
 * from this one object; its keys are the names of the settings, units included.
 */
export const options = {
  listen: option({
    name: 'listen',
    value: listenUrl(),
    default: { serve: 'ws://127.0.0.1:7777', 'exec-server': 'ws://127.0.0.1:0' },
    help: 'Where to listen; port 0 picks a free one, and the bound URL is printed on standard output.',
  }),
  allowUnauthenticated: option({
    name: 'allow-unauthenticated',
    value: toggle(),
    default: 'false',
    help: 'Listen beyond loopback without authentication: whoever reaches the port may run any command.',
  }),
  logLevel: option({
    name: 'log-level',
    value: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace']),
    default: { serve: 'info', 'exec-server': 'error' },
    help: 'Least severe records written to standard error; exec-server also honours a bare level in RUST_LOG.',
  }),
  detachedSessionMs: option({
    name: 'detached-session',
    value: duration({ min: '60s', max: '24h' }),
    default: '80s',
    help: 'How long a session without a connection can be resumed before it ends with its processes.',
  }),
  closedProcessMs: option({
    name: 'closed-process',
    value: duration({ min: '60s', max: '24h' }),
    default: '80s',
    help: 'How long the output and exit code of a closed process can still be read.',
  }),
  detachedOutputBytes: option({
    name: 'detached-output',
    value: size({ min: '1MiB', max: '11MiB' }),
    default: '8MiB',
    help: 'Output kept for each process of a detached session before the process is held back.',
  }),
  graceMs: option({
    name: 'grace',
    value: duration({ min: '100ms', max: '5m' }),
    default: '2s',
    help: 'Time between SIGTERM and SIGKILL when sessions expire or the gateway shuts down.',
  }),
  pingAfterMs: option({
    name: 'ping-after',
    value: duration({ min: '1s', max: '10m' }),
    default: '15s',
    help: 'Silence of a peer, or towards it, after which it is pinged.',
  }),
  dropAfterMs: option({
    name: 'drop-after',
    value: duration({ min: '2s', max: '1h' }),
    default: '90s',
    help: 'Silence of a peer after which its connection is dropped; longer than ping-after.',
  }),
  probeMs: option({
    name: 'probe',
    value: duration({ min: '100ms', max: '10s' }),
    default: '1s',
    help: 'Time a connection has to prove it is alive when another one asks for its session.',
  }),
  maxConnections: option({
    name: 'max-connections',
    value: count({ min: '1', max: '100000' }),
    default: '1024',
    help: 'Connections open at the same time.',
  }),
  maxSessions: option({
    name: 'max-sessions',
    value: count({ min: '1', max: '100000' }),
    default: '4096',
    help: 'Sessions alive at the same time, detached ones included.',
  }),
  maxProcesses: option({
    name: 'max-processes',
    value: count({ min: '1', max: '100000' }),
    default: '4096',
    help: 'Processes of the whole gateway at the same time.',
  }),
  maxSessionProcesses: option({
    name: 'max-session-processes',
    value: count({ min: '1', max: '100000' }),
    default: '2048',
    help: 'Processes of one session at the same time.',
  }),
  maxArgumentBytes: option({
    name: 'max-argument-bytes',
    value: size({ min: '4KiB', max: '64MiB' }),
    default: '6MiB',
    help: 'Arguments of one process; what the operating system takes is often less.',
  }),
  maxEnvironmentBytes: option({
    name: 'max-environment-bytes',
    value: size({ min: '4KiB', max: '64MiB' }),
    default: '6MiB',
    help: 'Environment of one process; what the operating system takes is often less.',
  }),
  maxClosedProcesses: option({
    name: 'max-closed-processes',
    value: count({ min: '1', max: '1000000' }),
    default: '100000',
    help: 'Closed processes of the whole gateway that can still be read; beyond it the longest closed is forgotten.',
  }),
  retainedOutputBytes: option({
    name: 'retained-output',
    value: size({ min: '16MiB', max: '1024GiB' }),
    default: '1GiB',
    help: 'Output held by all processes that are not closed, in fair shares of their sessions; beyond it they are held back.',
  }),
  closedOutputBytes: option({
    name: 'closed-output',
    value: size({ min: '1MiB', max: '1024GiB' }),
    default: '1GiB',
    help: 'Output held by all closed processes together; beyond it the longest closed is forgotten.',
  }),
  maxRequests: option({
    name: 'max-requests',
    value: count({ min: '1100', max: '65536' }),
    default: '2048',
    help: 'Requests of one connection in flight at the same time.',
  }),
  maxMessageBytes: option({
    name: 'max-message',
    value: size({ min: '1MiB', max: '64MiB' }),
    default: '64MiB',
    help: 'Size of one message to the gateway.',
  }),
  maxFetches: option({
    name: 'max-fetches',
    value: count({ min: '1', max: '65536' }),
    default: '1024',
    help: 'HTTP requests for clients under way at the same time, streamed responses until their end.',
  }),
  maxSentBodyBytes: option({
    name: 'max-sent-bodies',
    value: size({ min: '1MiB', max: '64GiB' }),
    default: '256MiB',
    help: 'Bodies of HTTP requests for clients that are being sent, all together.',
  }),
  fetchTargets: option({
    name: 'fetch-targets',
    value: choice(['auto', 'all', 'public', 'listed']),
    default: 'auto',
    help: 'What HTTP requests for clients may reach: everything, public addresses, or fetch-allow alone; auto: all while listening on loopback, else public.',
  }),
  fetchAllow: option({
    name: 'fetch-allow',
    value: hosts(),
    default: '',
    help: 'Hosts that HTTP requests for clients may reach whatever fetch-targets says.',
  }),
  fetchDeny: option({
    name: 'fetch-deny',
    value: hosts(),
    default: '',
    help: 'Hosts that HTTP requests for clients never reach, fetch-allow or not.',
  }),
  clientConfig: option({
    name: 'client-config',
    value: folder(),
    default: '',
    help: 'Folder with the configuration that clients may read, such as the MCP servers of this machine; none when empty.',
  }),
  stdinQueueBytes: option({
    name: 'stdin-queue',
    value: size({ min: '64KiB', max: '256MiB' }),
    default: '8MiB',
    help: 'Input queued for a process that does not read it, for each process.',
  }),
  waitingInputBytes: option({
    name: 'waiting-input',
    value: size({ min: '1MiB', max: '1GiB' }),
    default: '128MiB',
    help: 'Input in writes that wait because the queues of their processes are full, for each session.',
  }),
  outputInFlightBytes: option({
    name: 'output-in-flight',
    value: size({ min: '64KiB', max: '64MiB' }),
    default: '256KiB',
    help: 'Outbound bytes queued for one connection before its processes are held back.',
  }),
  fileMode: option({
    name: 'files',
    value: choice(['read-write', 'read-only', 'off']),
    default: 'read-write',
    help: 'What the methods for files may do; processes are not bound by it.',
  }),
  fileRoots: option({
    name: 'file-roots',
    value: folders(),
    default: '',
    help: 'Folders that the methods for files are kept in, links included; processes are not bound by it, and nothing is kept when this and read-only-file-roots are empty.',
  }),
  readOnlyFileRoots: option({
    name: 'read-only-file-roots',
    value: folders(),
    default: '',
    help: 'Folders that the methods for files may read and not change; with file-roots, the innermost decides.',
  }),
  passTrace: option({
    name: 'pass-trace',
    value: toggle(),
    default: 'true',
    help: 'Put TRACEPARENT and TRACESTATE into the environment of every process that is started within a trace.',
  }),
  leakPolicy: option({
    name: 'leaks',
    value: choice(['report', 'reap', 'off']),
    default: 'report',
    help: 'What happens to processes that outlived their session: told of, ended after leak-grace, or not looked for.',
  }),
  leakGraceMs: option({
    name: 'leak-grace',
    value: duration({ min: '1s', max: '24h' }),
    default: '1m',
    help: 'How long a leaked process is known before it is ended.',
  }),
  censusMs: option({
    name: 'census',
    value: duration({ min: '1s', max: '1h' }),
    default: '15s',
    help: 'Time between two looks at the processes of the machine.',
  }),
  releaseMemoryAfterMs: option({
    name: 'release-memory-after',
    value: duration({ min: '1s', max: '24h' }),
    default: '15s',
    help: 'Time in which no message comes or goes before memory that is not needed is given back.',
  }),
  adminListen: option({
    name: 'admin-listen',
    value: adminAddress(),
    default: { serve: 'auto', 'exec-server': 'off' },
    help: 'Where operators find metrics, health and debugging; auto: on the listen address if loopback, else on port 9464.',
  }),
  engine: option({
    name: 'engine',
    value: choice(['auto', 'native', 'portable']),
    default: 'auto',
    help: 'What starts processes: auto is native where koffi and a recent glibc allow it, else portable.',
  }),
  watchdog: option({
    name: 'watchdog',
    value: toggle(),
    default: 'true',
    help: 'End all processes when the gateway dies; needs instance-marker.',
  }),
  instanceMarker: option({
    name: 'instance-marker',
    value: toggle(),
    default: 'true',
    help: 'Put EXECGATE_INSTANCE into the environment of every process, so that it can be traced to its gateway.',
  }),
  concurrentRequests: option({
    name: 'concurrent-requests',
    value: count({ min: '1' }),
    default: '1',
    commands: ['exec-server'],
    help: 'Accepted for compatibility and without effect: requests of a connection always run concurrently.',
  }),
}

export type OptionKey = keyof typeof options

/** The outcome of reading the configuration: every option with the value that holds. */
export type Settings = { readonly [Key in OptionKey]: z.output<(typeof options)[Key]['value']['schema']> }

/** Every key of the table, in its order. */
export const optionKeys = Object.keys(options).filter(isOptionKey)

function isOptionKey(key: string): key is OptionKey {
  return Object.hasOwn(options, key)
}

/** `--detached-session` */
export function flagOf(key: OptionKey): string {
  return `--${options[key].name}`
}

/** `EXECGATE_DETACHED_SESSION` */
export function variableOf(key: OptionKey): string {
  return `EXECGATE_${fileKeyOf(key).toUpperCase()}`
}

/** `detached_session` */
export function fileKeyOf(key: OptionKey): string {
  return options[key].name.replaceAll('-', '_')
}

export function takes(command: Command, key: OptionKey): boolean {
  return options[key].commands?.includes(command) ?? true
}

/** The default of an option, as text. */
export function defaultOf(key: OptionKey, command: Command): string {
  const described = options[key].default
  return typeof described === 'string' ? described : described[command]
}
