import { z } from 'zod'
import { ManagedNetwork, NetworkProxy, SandboxIntent } from './sandbox-schemas.ts'
import { base64, pathUri, u64 } from './scalars.ts'

const processId = z.string().describe('chosen by the client, unique within its session; not an operating system pid')

/** How the environment of a child is computed before `env` is laid over it. */
export const EnvironmentPolicy = z.object({
  inherit: z.enum(['all', 'core', 'none']),
  ignoreDefaultExcludes: z.boolean().describe('keep names that look like credentials'),
  exclude: z.array(z.string()).describe('name patterns to drop; `*` and `?`, case-insensitive'),
  set: z.record(z.string(), z.string()),
  includeOnly: z.array(z.string()).describe('when not empty, only names matching one of these patterns stay'),
})
export type EnvironmentPolicy = z.output<typeof EnvironmentPolicy>

/** Setting a timer takes no more. */
const maxTimeoutMs = 2 ** 31 - 1

const terminalSide = z.number().int().min(1).max(65_535)

/** Rows and columns of characters, as ioctl_tty(2) takes them. */
export const TerminalSize = z.object({ rows: terminalSide, cols: terminalSide })
export type TerminalSize = z.output<typeof TerminalSize>

export const StartProcess = z.object({
  processId,
  metadata: z
    .object({ threadId: z.string().nullish(), toolCallId: z.string().nullish() })
    .nullish()
    .describe('attribution for telemetry, never authorization'),
  argv: z.array(z.string()).describe('not empty; argv[0] is the program'),
  cwd: pathUri,
  envPolicy: EnvironmentPolicy.nullish(),
  env: z.record(z.string(), z.string()).describe('overlay of the computed environment, or all of it without envPolicy'),
  tty: z.boolean().describe('run in a terminal'),
  terminalSize: TerminalSize.nullish().describe(
    'an addition, announced as `resize`; default 24 rows and 80 columns, ignored without tty',
  ),
  pipeStdin: z.boolean().default(false).describe('standard input is a pipe instead of /dev/null; ignored with tty'),
  arg0: z.string().nullish().describe('argv[0] shown to the process'),
  sandbox: SandboxIntent.nullish(),
  enforceManagedNetwork: z.boolean().default(false),
  managedNetwork: ManagedNetwork.nullish(),
  networkProxy: NetworkProxy.nullish(),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .max(maxTimeoutMs)
    .nullish()
    .describe('an addition, announced as `timeouts`: killed with all its descendants after this long; default never'),
})

export const StartedProcess = z.object({
  processId: z.string(),
  sandboxType: z.enum(['none', 'linuxSeccomp', 'macosSeatbelt', 'windowsRestrictedToken', 'windowsMxc']).nullish(),
})

export const ReadOutput = z.object({
  processId,
  afterSeq: u64.nullish().describe('answer with what follows this sequence number; default 0'),
  maxBytes: u64.nullish().describe('stop before a chunk that would exceed this many bytes; the first always fits'),
  waitMs: u64.nullish().describe('wait this long for something to report; default 0'),
})

export const outputStream = z.enum(['stdout', 'stderr', 'pty'])
export type OutputStream = z.output<typeof outputStream>

export const OutputChunk = z.object({
  seq: z.number(),
  stream: outputStream,
  chunk: z.string().describe('base64'),
})
export type OutputChunk = z.output<typeof OutputChunk>

/** Why a process came to its end. */
export const exitCause = z.enum(['exit', 'signal', 'terminated', 'timeout', 'session_ended', 'oom', 'lost'])

/** What is known about a process that has ended. Numbers that cannot be known are null, never guessed. */
export const Receipt = z
  .object({
    cause: exitCause,
    signal: z.number().nullable().describe('the signal the process died of'),
    wallMs: z.number().describe('from its start to its exit'),
    cpuMs: z.number().nullable().describe('user and system time, with that of the descendants it waited for'),
    peakMemoryBytes: z.number().nullable().describe('largest resident set; unknown below the size of the gateway'),
    outputBytes: z.object({ stdout: z.number(), stderr: z.number(), pty: z.number() }),
    evictedBytes: z.number().describe('output that could no longer be read by then'),
  })
  .meta({ id: 'Receipt' })
export type Receipt = z.output<typeof Receipt>

export const OutputPage = z.object({
  chunks: z.array(OutputChunk),
  nextSeq: z.number().describe('read on with afterSeq = nextSeq - 1'),
  firstRetainedSeq: z
    .number()
    .optional()
    .describe('an addition, once output was evicted: what was before it cannot be read any more'),
  exited: z.boolean(),
  exitCode: z.number().nullable(),
  closed: z.boolean(),
  failure: z.string().nullable(),
  sandboxDenied: z.boolean(),
  receipt: Receipt.optional().describe('an addition, once the process has exited'),
})
export type OutputPage = z.output<typeof OutputPage>

export const WriteInput = z.object({
  processId,
  chunk: base64,
  writeId: z.string().describe('not empty; a repeated id is acknowledged and not written again'),
  endsInput: z
    .boolean()
    .default(false)
    .describe('an addition, announced as `inputEnd`: nothing follows, a pipe is closed once this is written'),
})

export const writeStatus = z.enum(['accepted', 'unknownProcess', 'stdinClosed', 'starting'])
export const WrittenInput = z.object({ status: writeStatus })
export type WriteStatus = z.output<typeof writeStatus>

/** Signals by what they are for; signal(7). */
export const processSignal = z.enum(['interrupt', 'terminate', 'kill', 'hangup', 'quit', 'usr1', 'usr2'])
export type ProcessSignal = z.output<typeof processSignal>

export const SignalProcess = z.object({
  processId,
  signal: processSignal.describe('all but `interrupt` are additions, announced as `signals`'),
})

export const ResizeTerminal = z.object({ processId, ...TerminalSize.shape })

export const CloseInput = z.object({ processId })

export const TerminateProcess = z.object({ processId })
export const TerminatedProcess = z.object({
  running: z.boolean().describe('whether the process had not been seen to exit yet'),
})

export const ProcessOutput = z.object({
  processId: z.string(),
  seq: z.number(),
  stream: outputStream,
  chunk: z.string(),
})
export const ProcessExited = z.object({
  processId: z.string(),
  seq: z.number(),
  exitCode: z.number(),
  sandboxDenied: z.boolean(),
  receipt: Receipt.optional().describe('an addition'),
})
export const ProcessClosed = z.object({ processId: z.string(), seq: z.number() })
