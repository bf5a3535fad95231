import { errorKinds, type ErrorKind } from '../protocol/gateway-error.ts'
import { configuredLimits, limitNames } from '../protocol/limit-names.ts'
import { methods, type MethodName } from '../protocol/method-table.ts'
import { ownedKinds } from '../lifecycle/ledger.ts'
import { type AttributesOf, counter, gauge, histogram, type Instrument } from './metric.ts'

/** Name of the meter and of the tracer: part of the telemetry contract. */
export const scopeName = 'codex'

/** A request of 0.25 s or less counts as fast: the bound of the latency objective is an exact bucket. */
export const requestBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const processBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400]
const spawnBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const fetchBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600]
const memoryBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384].map(mebibytes => mebibytes * 2 ** 20)

/** What carries a connection. The relay is not built yet; its series is part of the contract. */
export const transports = ['relay', 'stdio', 'websocket'] as const
export const requestResults = ['success', 'error', 'disconnected'] as const
export const completionResults = ['success', 'error', 'terminated', 'unknown'] as const
/** Registered methods, and one name for everything else: the wire's own string never becomes a label. */
export const countedMethods = [...(Object.keys(methods) as MethodName[]), 'unknown'] as const
const kindsOfError = Object.keys(errorKinds) as ErrorKind[]

export const closeCauses = ['client_close', 'client_gone', 'protocol_error', 'silent', 'input_end', 'draining'] as const
export const rejectReasons = ['limit', 'draining', 'origin', 'pipelining'] as const
export const directions = ['received', 'sent'] as const
export const messageKinds = ['request', 'reply', 'notification', 'malformed'] as const
export const backpressureActions = ['output_paused', 'output_resumed', 'input_paused', 'input_resumed'] as const
export const pollOutcomes = ['news', 'timeout', 'cancelled'] as const
export const startModes = ['pipes', 'terminal'] as const
export const startResults = ['success', 'refused', 'cancelled'] as const
export const signalKinds = ['interrupt', 'terminate', 'kill', 'hangup', 'quit', 'usr1', 'usr2', 'ask_to_end'] as const
export const exitKinds = ['code_zero', 'code_nonzero', 'signal', 'timeout', 'oom', 'lost'] as const
export const osRoles = ['leader', 'descendant'] as const
export const leakReasons = ['ownerless', 'unregistered', 'zombie', 'kill_pending', 'held_stream'] as const
export const reapReasons = ['ownerless', 'unregistered', 'zombie', 'leftover'] as const
export const reapResults = ['success', 'error'] as const
export const outputStreams = ['stdout', 'stderr', 'pty'] as const
export const evictionReasons = ['window', 'retention', 'limit'] as const
/** Processes whose output is kept. */
export const keptStates = ['open', 'closed'] as const
export const sessionStates = ['attached', 'detached', 'ending'] as const
export const sessionEndCauses = ['expired', 'input_end', 'draining'] as const
export const resumeOutcomes = ['success', 'attached', 'unknown'] as const
export const writeResults = ['accepted', 'deduplicated', 'closed', 'unknown_process', 'failed'] as const
export const fileOperations = [
  'readFile',
  'writeFile',
  'open',
  'readBlock',
  'writeBlock',
  'close',
  'createDirectory',
  'getMetadata',
  'canonicalize',
  'readDirectory',
  'walk',
  'remove',
  'copy',
  'watchMissing',
  'watch',
  'unwatch',
] as const
export const fileResults = ['success', 'not_found', 'refused', 'internal'] as const
/** Options by which operators refuse what clients ask for. */
export const fileOptions = ['files', 'fileRoots', 'readOnlyFileRoots'] as const
export const fileDirections = ['read', 'written'] as const
export const fetchModes = ['buffered', 'streamed'] as const
export const connectionUses = ['new', 'reused', 'repeated'] as const
export const fetchResults = ['success', 'failed', 'timeout', 'refused', 'cancelled'] as const
export const delayStatistics = ['p50', 'p99', 'max'] as const
export const memoryKinds = ['rss', 'heap_used', 'heap_total', 'external', 'array_buffers'] as const
export const signals = ['metrics', 'traces', 'logs'] as const
export const exportResults = ['success', 'failure'] as const

/**
 * Every metric of the gateway. Instruments, `docs/metrics.md`, the queries of dashboards and alerts and the bound on
 * series all derive from this one object.
 */
export const metrics = {
  // Identity
  buildInfo: gauge('exec_server_build_info', {
    help: 'Always 1; what runs, as attributes.',
    identity: ['version', 'revision', 'node_version', 'config_hash'],
  }),
  startTime: gauge('exec_server_start_time_seconds', {
    unit: 's',
    isInteger: false,
    help: 'When the gateway was started, in Unix time.',
  }),
  heartbeat: gauge('exec_server_heartbeat_timestamp_seconds', {
    unit: 's',
    isInteger: false,
    help: 'When the gateway last collected its metrics, in Unix time.',
  }),
  draining: gauge('exec_server_draining', { help: '1 while the gateway shuts down, else 0.' }),
  limits: gauge('exec_server_limit', {
    attributes: { limit: configuredLimits },
    help: 'Configured limits, to compare with what counts towards them.',
  }),

  // Connections
  connectionsActive: gauge('exec_server_connections_active', {
    attributes: { transport: transports },
    origin: 'contract',
    help: 'Connections that are open.',
  }),
  connections: counter('exec_server_connections_total', {
    attributes: { transport: transports },
    origin: 'contract',
    help: 'Connections that were accepted.',
  }),
  connectionsClosed: counter('exec_server_connections_closed_total', {
    attributes: { cause: closeCauses },
    help: 'Connections that ended, by what ended them.',
  }),
  connectionDuration: histogram('exec_server_connection_duration_seconds', {
    unit: 's',
    attributes: { transport: transports },
    buckets: processBuckets,
    help: 'How long connections lasted.',
  }),
  connectionsRejected: counter('exec_server_connections_rejected_total', {
    attributes: { reason: rejectReasons },
    help: 'Requests for a connection that were refused; `limit` and `pipelining` count sockets that were cut as well.',
  }),
  pingDuration: histogram('exec_server_ping_duration_seconds', {
    unit: 's',
    buckets: requestBuckets,
    help: 'From a ping to the pong that answers it: the round trip, behind whatever was queued.',
  }),

  // Messages
  messages: counter('exec_server_messages_total', {
    attributes: { direction: directions, kind: messageKinds },
    help: 'Messages by direction and kind.',
  }),
  messageBytes: counter('exec_server_message_bytes_total', {
    unit: 'By',
    attributes: { direction: directions },
    help: 'Text of all messages.',
  }),
  sendQueue: gauge('exec_server_send_queue_bytes', {
    unit: 'By',
    help: 'Bytes that wait to be sent, of all connections.',
  }),
  sendQueueMax: gauge('exec_server_send_queue_max_bytes', {
    unit: 'By',
    help: 'Bytes that wait to be sent, of the connection that has most.',
  }),
  backpressure: counter('exec_server_backpressure_total', {
    attributes: { action: backpressureActions },
    help: 'How often a process or a peer was held back, and let go on.',
  }),

  // Requests
  requests: counter('exec_server_requests_total', {
    attributes: { method: countedMethods, result: requestResults },
    origin: 'contract',
    help: 'Requests that are over.',
  }),
  requestDuration: histogram('exec_server_request_duration_seconds', {
    unit: 's',
    attributes: { method: countedMethods, result: requestResults },
    buckets: requestBuckets,
    origin: 'contract',
    help: 'From the start of the handler to the reply being queued.',
  }),
  requestQueueDuration: histogram('exec_server_request_queue_duration_seconds', {
    unit: 's',
    attributes: { method: countedMethods },
    buckets: requestBuckets,
    origin: 'later contract',
    help: 'From receipt to the start of the handler.',
  }),
  requestTotalDuration: histogram('exec_server_request_total_duration_seconds', {
    unit: 's',
    attributes: { method: countedMethods, result: requestResults },
    buckets: requestBuckets,
    origin: 'later contract',
    help: 'From receipt to the reply being queued, or to the end of the connection.',
  }),
  requestsInFlight: gauge('exec_server_requests_in_flight', { help: 'Requests whose reply is outstanding.' }),
  requestErrors: counter('exec_server_request_errors_total', {
    attributes: { kind: kindsOfError },
    help: 'Requests that failed, by kind; `internal` and `limitReached` are the gateway’s.',
  }),
  pollDuration: histogram('exec_server_poll_duration_seconds', {
    unit: 's',
    attributes: { outcome: pollOutcomes },
    buckets: processBuckets,
    help: 'How long reads waited for news: time that is the caller’s.',
  }),
  limitsReached: counter('exec_server_limit_reached_total', {
    attributes: { limit: limitNames },
    help: 'How often a limit refused something, dropped the oldest or held a process back.',
  }),

  // Processes
  processesActive: gauge('exec_server_processes_active', {
    origin: 'contract',
    help: 'Processes that run and have not been seen to exit.',
  }),
  processesFinished: counter('exec_server_processes_finished_total', {
    attributes: { result: completionResults },
    origin: 'contract',
    help: 'Processes whose end is decided.',
  }),
  processDuration: histogram('exec_server_process_duration_seconds', {
    unit: 's',
    attributes: { result: completionResults },
    buckets: processBuckets,
    origin: 'contract',
    help: 'From the start of a process to its end being decided.',
  }),
  processesStarted: counter('exec_server_processes_started_total', {
    attributes: { mode: startModes, result: startResults },
    help: 'Attempts to start a process.',
  }),
  spawnDuration: histogram('exec_server_process_spawn_duration_seconds', {
    unit: 's',
    attributes: { mode: startModes },
    buckets: spawnBuckets,
    help: 'From the request for a process to its pid.',
  }),
  firstOutput: histogram('exec_server_process_first_output_seconds', {
    unit: 's',
    attributes: { mode: startModes },
    buckets: processBuckets,
    help: 'From the request for a process to its first output.',
  }),
  processSignals: counter('exec_server_process_signals_total', {
    attributes: { signal: signalKinds },
    help: 'Signals sent to processes.',
  }),
  processExits: counter('exec_server_process_exits_total', {
    attributes: { kind: exitKinds },
    help: 'How processes ended, as the operating system tells.',
  }),
  processCpu: counter('exec_server_process_cpu_seconds_total', {
    unit: 's',
    isInteger: false,
    help: 'User and system time of processes that have exited, and of what they waited for.',
  }),
  processPeakMemory: histogram('exec_server_process_peak_memory_bytes', {
    unit: 'By',
    buckets: memoryBuckets,
    help: 'Largest resident set of processes that have exited, where it is known.',
  }),
  processOldestAge: gauge('exec_server_process_oldest_age_seconds', {
    unit: 's',
    isInteger: false,
    help: 'Age of the process that runs longest, 0 when none does.',
  }),
  closedProcesses: gauge('exec_server_closed_processes', { help: 'Closed processes that can still be read.' }),

  // Leaks
  processesOs: gauge('exec_server_processes_os', {
    attributes: { role: osRoles },
    help: 'Living processes of this gateway as the operating system knows them, at the last census.',
  }),
  processesLeaked: gauge('exec_server_processes_leaked', {
    attributes: { reason: leakReasons },
    help: 'Processes that should not be there any more, at the last census.',
  }),
  orphansReaped: counter('exec_server_orphans_reaped_total', {
    attributes: { reason: reapReasons, result: reapResults },
    help: 'Leaked processes that were ended or waited for.',
  }),
  guards: gauge('exec_server_guards', {
    attributes: { kind: ownedKinds },
    help: 'Things the gateway holds and has to release.',
  }),
  guardLeaks: counter('exec_server_guard_leaks_total', {
    attributes: { kind: ownedKinds },
    help: 'Guards that were collected without having been released.',
  }),
  censusAge: gauge('exec_server_census_age_seconds', {
    unit: 's',
    isInteger: false,
    help: 'Time since the last census of the operating system’s processes, -1 before the first.',
  }),

  // Output
  outputBytes: counter('exec_server_output_bytes_total', {
    unit: 'By',
    attributes: { stream: outputStreams },
    help: 'Output of processes.',
  }),
  outputRetained: gauge('exec_server_output_retained_bytes', {
    unit: 'By',
    attributes: { processes: keptStates },
    help: 'What output takes that is held for clients to read, of processes that are open and closed: its bytes, and 128 for each chunk.',
  }),
  outputRetainedLimit: gauge('exec_server_output_retained_limit_bytes', {
    unit: 'By',
    attributes: { processes: keptStates },
    help: 'What that may come to before sessions are held to the least they may keep, or the longest closed is forgotten.',
  }),
  outputEvicted: counter('exec_server_output_evicted_bytes_total', {
    unit: 'By',
    attributes: { reason: evictionReasons },
    help: 'Output that can no longer be read.',
  }),
  outputGaps: counter('exec_server_output_gaps_total', {
    help: 'Reads that came too late for some of the output they asked for.',
  }),

  // Sessions
  sessions: gauge('exec_server_sessions', {
    attributes: { state: sessionStates },
    help: 'Sessions by state.',
  }),
  sessionOldestDetached: gauge('exec_server_session_oldest_detached_age_seconds', {
    unit: 's',
    isInteger: false,
    help: 'For how long the session has been detached that has been longest, 0 when none is.',
  }),
  sessionDetachedLimit: gauge('exec_server_session_detached_limit_seconds', {
    unit: 's',
    isInteger: false,
    help: 'For how long a session may be detached before it ends.',
  }),
  sessionDuration: histogram('exec_server_session_duration_seconds', {
    unit: 's',
    buckets: processBuckets,
    help: 'How long sessions lasted.',
  }),
  sessionsEnded: counter('exec_server_sessions_ended_total', {
    attributes: { cause: sessionEndCauses },
    help: 'Sessions that ended, by what ended them.',
  }),
  sessionResumes: counter('exec_server_session_resumes_total', {
    attributes: { outcome: resumeOutcomes },
    help: 'Attempts to take up a session again.',
  }),

  // Standard input
  stdinWrites: counter('exec_server_stdin_writes_total', {
    attributes: { result: writeResults },
    help: 'Writes to standard inputs.',
  }),
  stdinBytes: counter('exec_server_stdin_bytes_total', { unit: 'By', help: 'Input accepted for processes.' }),
  stdinQueued: gauge('exec_server_stdin_queued_bytes', {
    unit: 'By',
    help: 'Input that was accepted and has not been read.',
  }),

  // Files
  fileOperations: counter('exec_server_file_operations_total', {
    attributes: { operation: fileOperations, result: fileResults },
    help: 'Operations on files by what came of them.',
  }),
  fileRefusals: counter('exec_server_file_refusals_total', {
    attributes: { option: fileOptions },
    help: 'Requests about files that an option of the operator does not allow.',
  }),
  fileBytes: counter('exec_server_file_bytes_total', {
    unit: 'By',
    attributes: { direction: fileDirections },
    help: 'Contents of files that clients have read and written.',
  }),
  fileHandles: gauge('exec_server_file_handles', { help: 'File handles that clients hold open.' }),
  missingChanges: counter('exec_server_missing_changes_total', {
    help: 'Watches for missing paths that ended with a change.',
  }),
  // HTTP requests made for callers
  fetchesActive: gauge('exec_server_fetches_active', {
    attributes: { mode: fetchModes },
    help: 'HTTP requests made for callers that are under way, streamed responses until their end.',
  }),
  fetches: counter('exec_server_fetches_total', {
    attributes: { mode: fetchModes, result: fetchResults },
    help: 'HTTP requests made for callers that are over; `refused` by the rules for targets, `cancelled` with their connection.',
  }),
  fetchDuration: histogram('exec_server_fetch_duration_seconds', {
    unit: 's',
    attributes: { mode: fetchModes, result: fetchResults },
    buckets: fetchBuckets,
    help: 'From the start of an HTTP request to the end of its response, redirects included.',
  }),
  fetchBytes: counter('exec_server_fetch_bytes_total', {
    unit: 'By',
    attributes: { direction: directions },
    help: 'Bodies of HTTP requests and responses.',
  }),
  fetchConnections: counter('exec_server_fetch_connections_total', {
    attributes: { use: connectionUses },
    help: 'Connections that HTTP requests were sent on; `repeated`: a new one, because the one to be used again had just been closed.',
  }),

  // Runtime
  eventLoopDelay: gauge('exec_server_event_loop_delay_seconds', {
    unit: 's',
    isInteger: false,
    attributes: { statistic: delayStatistics },
    help: 'By how much the event loop was late, over ten seconds at least.',
  }),
  eventLoopUtilization: gauge('exec_server_event_loop_utilization', {
    isInteger: false,
    help: 'Share of the time in which the event loop was busy, over ten seconds at least.',
  }),
  memory: gauge('exec_server_memory_bytes', {
    unit: 'By',
    attributes: { kind: memoryKinds },
    help: 'Memory of the gateway itself.',
  }),
  memoryReleased: counter('exec_server_memory_released_bytes_total', {
    unit: 'By',
    help: 'Memory given back to the operating system after a time without messages.',
  }),
  openFds: gauge('exec_server_open_fds', { help: 'Open descriptors of the gateway.' }),
  maxFds: gauge('exec_server_max_fds', { help: 'Descriptors the gateway may open, -1 when unlimited.' }),

  // Telemetry
  telemetryExports: counter('exec_server_telemetry_exports_total', {
    attributes: { signal: signals, result: exportResults },
    help: 'Batches handed to the collector.',
  }),
  telemetryQueue: gauge('exec_server_telemetry_queue_batches', {
    help: 'Metric batches that failed and wait to be sent again.',
  }),
  telemetryDropped: counter('exec_server_telemetry_dropped_total', {
    attributes: { signal: signals },
    help: 'Batches that were given up or that the collector did not take in full, times that spans found no room, and lines of the log that were given up.',
  }),
}

export type MetricKey = keyof typeof metrics

/** Metrics of one kind of instrument, by their keys. */
export type KeysOf<Kind extends Instrument> = {
  [Key in MetricKey]: (typeof metrics)[Key]['instrument'] extends Kind ? Key : never
}[MetricKey]

/** The attributes a metric is observed or recorded with. */
export type MetricAttributes<Key extends MetricKey> = AttributesOf<(typeof metrics)[Key]['attributes']>

/** One of the values an attribute may take: `AttributeValue<'requests', 'result'>`. */
export type AttributeValue<
  Key extends MetricKey,
  Name extends keyof MetricAttributes<Key>,
> = MetricAttributes<Key>[Name]
