import { writeFileSync } from 'node:fs'
import { defaultOf, type OptionKey, options } from '../src/config/options.ts'
import * as filesystem from '../src/filesystem/filesystem-limits.ts'
import { maxBufferedBodyBytes, maxBufferedBytes } from '../src/fetching/buffered-body.ts'
import { idleMs } from '../src/fetching/http-connection.ts'
import { maxIdleConnections, maxIdlePerKey } from '../src/fetching/idle-connections.ts'
import { maxQueuedBytes } from '../src/gateway/connection-input.ts'
import { maxDiscoveries } from '../src/gateway/handlers/discovery-handlers.ts'
import { maxNameComparisons, maxNamePatterns } from '../src/gateway/handlers/start-limits.ts'
import { maxQueuedWrites } from '../src/processes/child-input.ts'
import { chunkRecordBytes } from '../src/processes/retained-output.ts'
import { type LimitName, limitNames } from '../src/protocol/limit-names.ts'
import * as wire from '../src/protocol/limits.ts'
import { metrics } from '../src/telemetry/catalogue.ts'

interface LimitNote {
  readonly bounds: string
  /** What happens, and how to get on. Requests are refused when absent. */
  readonly atLimit?: string
}

/** What is no option is one of these numbers. */
const fixed: Readonly<Record<Exclude<LimitName, OptionKey>, number>> = {
  maxReplyBytes: wire.maxReplyBytes,
  maxIdBytes: wire.maxIdBytes,
  maxNamePatterns,
  maxNameComparisons,
  maxFileHandles: filesystem.maxFileHandles,
  maxUnwrittenBytes: filesystem.maxUnwrittenBytes,
  maxDirectoryEntries: filesystem.maxDirectoryEntries,
  maxTreeWatches: filesystem.maxTreeWatches,
  maxTreeDirectories: filesystem.maxTreeDirectories,
  maxBufferedBodyBytes,
  maxBufferedBytes,
  maxDiscoveries,
}

const notes: Readonly<Record<LimitName, LimitNote>> = {
  maxConnections: {
    bounds: 'connections',
    atLimit: 'the upgrade is answered 503 with `{message, data: {limit}}`',
  },
  maxSessions: { bounds: 'sessions, detached ones included' },
  maxProcesses: { bounds: 'processes that are not closed' },
  maxClosedProcesses: {
    bounds: 'closed processes that can be read',
    atLimit: 'the longest closed is forgotten early',
  },
  maxFetches: { bounds: 'HTTP requests under way' },
  maxSessionProcesses: { bounds: 'processes of one session that are not closed' },
  maxRequests: { bounds: 'requests of one connection in flight' },
  maxMessageBytes: {
    bounds: 'bytes of one message to the gateway',
    atLimit: 'the connection ends, with 1009 on a WebSocket; its session can be resumed',
  },
  maxReplyBytes: { bounds: 'bytes of one reply', atLimit: 'refused; `process/read` takes `maxBytes`' },
  maxIdBytes: { bounds: 'bytes of an id: of requests, processes, writes, HTTP requests' },
  maxArgumentBytes: { bounds: 'bytes of `argv` and `arg0`, each with its end' },
  maxEnvironmentBytes: { bounds: 'bytes of the environment of one process, each variable with `=` and its end' },
  maxNamePatterns: { bounds: 'patterns of one `envPolicy`' },
  maxNameComparisons: { bounds: 'characters of its patterns times characters of the names they are compared with' },
  waitingInputBytes: { bounds: 'bytes of the writes of one session that wait for room in a queue' },
  retainedOutputBytes: {
    bounds: 'bytes of output that is kept for processes that are not closed',
    atLimit:
      'what clients have confirmed is forgotten early; then the processes of sessions that keep most are held back',
  },
  closedOutputBytes: {
    bounds: 'bytes of output that is kept for closed processes',
    atLimit: 'the longest closed is forgotten early',
  },
  maxFileHandles: { bounds: 'file handles of one connection', atLimit: 'refused with -32600' },
  maxUnwrittenBytes: { bounds: 'bytes of the contents of one connection that wait to be written' },
  maxDirectoryEntries: { bounds: 'entries of a directory that is listed' },
  maxTreeWatches: { bounds: 'trees that one connection watches' },
  maxTreeDirectories: { bounds: 'directories of a watched tree' },
  maxSentBodyBytes: { bounds: 'bytes of the bodies of HTTP requests that are being sent' },
  maxBufferedBodyBytes: {
    bounds: 'bytes of one body of an HTTP response in a reply',
    atLimit: 'refused; `streamResponse` brings it in pieces',
  },
  maxBufferedBytes: { bounds: 'bytes of all such bodies together' },
  maxDiscoveries: { bounds: 'capability discoveries under way' },
}

/** Bounds at which somebody waits, or which a request can only get wrong: nothing is counted as refused. */
const waits: readonly (readonly [bounds: string, value: OptionKey | number, atLimit: string])[] = [
  ['bytes of input queued for a process', 'stdinQueueBytes', 'the write waits, and nothing else does'],
  ['writes to the input of a process that are queued', maxQueuedWrites, 'the next one waits'],
  ['bytes queued for a connection', 'outputInFlightBytes', 'its processes are held back'],
  ['bytes of replies queued for a connection', maxQueuedBytes, 'nothing more is read from it until it reads'],
  ['bytes of output of one process kept until confirmed', 'detachedOutputBytes', 'the process is held back'],
  ['bytes of output of one process kept once confirmed', wire.retainedOutputBytes, 'the oldest is forgotten'],
  ['chunks of output of one process', wire.retainedOutputChunks, 'the oldest is forgotten, or it is held back'],
  ['write ids remembered for a process', wire.rememberedWriteIds, 'the oldest is forgotten'],
  ['contents of a file in one reply', filesystem.maxWholeFileBytes, '`maxReplyBytes`; `fs/open` reads the rest'],
  ['bytes of a block', filesystem.maxBlockBytes, '-32600'],
  ['bytes of a file handle id, of a watch id', filesystem.maxHandleIdBytes, '-32600'],
  ['paths of a watch for missing paths', filesystem.maxWatchedPaths, '`watching` is false'],
  ['HTTP connections that wait to be used again', maxIdleConnections, 'the one that waits longest is closed'],
  ['of one client to one origin', maxIdlePerKey, 'the same'],
  ['milliseconds such a connection waits', idleMs, 'it is closed'],
  ['changed paths that wait to be told', filesystem.maxChangedPaths, 'the client is told to look again'],
]

/** `docs/limits.md`, which is generated: `npm run limits-page`. */
export function limitsPage(): string {
  return `# Limits

Generated from \`src/protocol/limit-names.ts\` and the options by \`npm run limits-page\`; a test compares.

Everything that can grow has a bound. What goes beyond one that has a name is answered -32603 with
\`data.limit: {name, value}\` unless the table says otherwise: nothing was done, the connection goes on, and the same request
may be repeated once there is room. Each time is counted in \`${metrics.limitsReached.name}\` by the name, and the alert
[ExecgateLimitReached](runbook.md#execgatelimitreached) tells of limits that are reached again and again.

| \`data.limit.name\` | bounds | set by | default | at the limit |
| --- | --- | --- | --- | --- |
${limitNames.map(limitRow).join('\n')}

## Shares of output

Half of \`retained-output\` is shared: a session may keep as much of it as is still left for the others, so one alone may fill a
quarter of the whole. The other half is divided by \`max-sessions\`; so much a session may always keep. Sessions above their
share are held back, the others go on, and nothing that a client may have missed is lost. What a process has said when it is
held back comes on top: one read of each of its streams, 64 KiB at most. A chunk counts as its bytes and ${chunkRecordBytes} more, for what it takes besides
them; so it does for closed processes.
[Why it is done this way](decisions/0024-output-is-kept-in-fair-shares.md)

## Bounds at which somebody waits

| bounds | set by | default | at the bound |
| --- | --- | --- | --- |
${waits.map(([bounds, value, atLimit]) => `| ${bounds} | ${settingOf(value)} | ${atLimit} |`).join('\n')}
`
}

function limitRow(name: LimitName): string {
  const { bounds, atLimit = 'refused' } = notes[name]
  return `| \`${name}\` | ${bounds} | ${settingOf(isFixed(name) ? fixed[name] : name)} | ${atLimit} |`
}

/** The cells for the option of this key and its default, or for a number that is fixed. */
function settingOf(value: OptionKey | number): string {
  if (typeof value === 'number') return `– | ${value.toLocaleString('en')}`
  return `\`${options[value].name}\` | ${defaultOf(value, 'serve')}`
}

function isFixed(name: LimitName): name is keyof typeof fixed {
  return Object.hasOwn(fixed, name)
}

if (import.meta.main) writeFileSync(new URL('../docs/limits.md', import.meta.url), limitsPage())
