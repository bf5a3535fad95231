import type { TraceCarrier } from '../../protocol/envelope.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import type { Params } from '../../protocol/method-table.ts'
import type { HostOs, PathUri } from '../../protocol/path-uri.ts'
import { shorten } from '../../protocol/text-excerpt.ts'
import { childEnvironment } from '../../processes/child-environment.ts'
import type { LaunchNumbers, LaunchRegistry } from '../../processes/launch-registry.ts'
import type { Launch } from '../../processes/engine.ts'
import { refuseUnenforceable } from './confined-processes.ts'
import type { Handlers } from './handlers.ts'
import {
  refuseLargeEnvironment,
  refuseLargeOverlay,
  refuseLongArguments,
  refuseLongId,
  refuseManyComparisons,
  refuseManyPatterns,
  type StartLimits,
} from './start-limits.ts'

const nothing: ReadonlyMap<string, string> = new Map()

/** What the children of a gateway get besides what the request says. */
export interface ChildDefaults {
  readonly os: HostOs
  /** Read at the time of each request. */
  inheritedEnvironment(): ReadonlyMap<string, string>
  /** Shell for a terminal whose environment names none. */
  readonly loginShell: string
  /** Variables for the next child, such as the marker its gateway finds it by. */
  markers(numbers: LaunchNumbers): ReadonlyMap<string, string>
  readonly launches: LaunchRegistry
  /** Whether children get the context of the trace they are started in. */
  readonly passesTrace: boolean
}

type ProcessHandlers = Pick<
  Handlers,
  | 'process/start'
  | 'process/read'
  | 'process/write'
  | 'process/closeStdin'
  | 'process/resize'
  | 'process/signal'
  | 'process/terminate'
>

export function processHandlers(defaults: ChildDefaults, limits: StartLimits): ProcessHandlers {
  return {
    'process/start'(params, { session, span: request, receivedAt }) {
      refuseUnenforceable(params, defaults.os)
      const { processId } = params
      const span = request?.startSpawn(processId)
      try {
        refuseLongId('processId', processId)
        const what = whatToRun(params, defaults.os, limits)
        session.processes.refuseTaken(processId)
        const number = defaults.launches.number({ session: session.number, processId, traceId: span?.ids.trace_id })
        const numbers = { session: session.number, launch: number }
        const launch = prepareLaunch(params, what, defaults, { carrier: span?.carrier, numbers, limits })
        span?.reached('queued')
        const origin = { requestedAt: receivedAt, span, launch: number }
        const started = session.processes.start(processId, launch, origin)
        return after(started, () => ({ processId, sandboxType: 'none' }))
      } catch (error) {
        span?.end('refused')
        throw error
      }
    },

    'process/read'({ processId, afterSeq, maxBytes, waitMs }, { session, patience }) {
      const request = { afterSeq: afterSeq ?? 0, maxBytes: maxBytes ?? undefined, waitMs: waitMs ?? 0 }
      return session.processes.read(processId, request, patience)
    },

    'process/write'({ processId, chunk, writeId, endsInput }, { session, signal }) {
      if (writeId === '') {
        throw new GatewayError('invalidParams', 'writeId must not be empty', { data: { field: 'writeId' } })
      }
      refuseLongId('writeId', writeId)
      const write = { writeId, bytes: chunk, endsInput }
      return after(session.processes.write(processId, write, signal), status => ({ status }))
    },

    'process/closeStdin'({ processId }, { session, signal }) {
      return after(session.processes.closeInput(processId, signal), status => ({ status }))
    },

    'process/resize'({ processId, rows, cols }, { session }) {
      return after(session.processes.resize(processId, { rows, cols }), () => ({}))
    },

    'process/signal'({ processId, signal }, { session }) {
      return after(session.processes.signal(processId, signal), () => ({}))
    },

    'process/terminate'({ processId }, { session }) {
      return { running: session.processes.terminate(processId) }
    },
  }
}

/** Goes on with a value at once, or when it is there: what need not wait is answered in the order it arrived. */
function after<Value, Result>(value: Value | Promise<Value>, goOn: (value: Value) => Result): Result | Promise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value)
}

/** What is wrong with a start whatever else there is, before its id is looked at. */
function whatToRun(
  params: Params<'process/start'>,
  os: HostOs,
  { maxArgumentBytes, maxEnvironmentBytes }: StartLimits,
): Pick<Launch, 'argv' | 'cwd'> {
  refuseManyPatterns(params)
  refuseLongArguments(params, maxArgumentBytes)
  refuseLargeOverlay(params, maxEnvironmentBytes)
  const cwd = nativeCwd(params.cwd, os)
  const [program, ...rest] = params.argv
  if (program === undefined) {
    throw new GatewayError('invalidParams', 'argv must not be empty', { data: { field: 'argv' } })
  }
  return { argv: [program, ...rest], cwd }
}

interface LaunchContext {
  readonly carrier: TraceCarrier | undefined
  readonly numbers: LaunchNumbers
  readonly limits: StartLimits
}

function prepareLaunch(
  params: Params<'process/start'>,
  { argv, cwd }: Pick<Launch, 'argv' | 'cwd'>,
  defaults: ChildDefaults,
  { carrier, numbers, limits }: LaunchContext,
): Launch {
  if (argv[0] === '') throw new GatewayError('refused', `missing program for ${params.tty ? 'PTY' : 'pipe'} spawn`)
  // Reading the gateway's own environment takes longer than everything else here.
  const inherited = params.envPolicy ? defaults.inheritedEnvironment() : nothing
  refuseManyComparisons(params, inherited.keys())
  const environment = childEnvironment({ policy: params.envPolicy, overlay: params.env, inherited })
  if (params.tty && !environment.has('SHELL')) environment.set('SHELL', defaults.loginShell)
  const isTraceGiven = Object.hasOwn({ ...params.envPolicy?.set, ...params.env }, 'TRACEPARENT')
  if (carrier !== undefined && defaults.passesTrace && !isTraceGiven) passTrace(carrier, environment)
  for (const [name, value] of defaults.markers(numbers)) environment.set(name, value)
  refuseLargeEnvironment(environment, limits.maxEnvironmentBytes)
  refuseNul('cwd', [cwd])
  refuseNul('argv', params.argv)
  refuseNul('arg0', [params.arg0 ?? ''])
  refuseNul('env', environment.keys(), 'data provided contains a nul byte')
  refuseNul('env', environment.values(), 'data provided contains a nul byte')
  return {
    argv,
    arg0: params.arg0 ?? undefined,
    cwd,
    environment,
    streams: params.tty ? 'terminal' : params.pipeStdin ? 'pipes' : 'pipes without input',
    terminalSize: params.terminalSize ?? undefined,
    timeoutMs: params.timeoutMs ?? undefined,
  }
}

/** An instrumented child joins the trace. */
function passTrace({ traceparent, tracestate }: TraceCarrier, environment: Map<string, string>): void {
  if (traceparent === undefined) return
  environment.set('TRACEPARENT', traceparent)
  // One that was inherited belongs to another trace.
  if (tracestate === undefined) environment.delete('TRACESTATE')
  else environment.set('TRACESTATE', tracestate)
}

function nativeCwd(cwd: PathUri, os: HostOs): Buffer {
  // Whoever looks at the URL sees one name where the operating system would see several.
  if (/%2f/i.test(cwd.canonical)) {
    const text = `cwd URI \`${shorten(cwd.canonical)}\` has an encoded slash, which no name can hold: write directories apart with /`
    throw new GatewayError('invalidParams', text, { data: { field: 'cwd' } })
  }
  const native = cwd.toNative(os)
  if (Buffer.isBuffer(native)) return native
  throw new GatewayError(
    'invalidParams',
    `cwd URI \`${cwd.shown}\` is not valid on this exec-server host: ${native.problem}`,
    { data: { field: 'cwd' } },
  )
}

/** A NUL would silently cut the text short on its way to the operating system. */
function refuseNul(field: string, texts: Iterable<string | Buffer>, message = 'nul byte found in provided data'): void {
  for (const text of texts) {
    if (text.includes('\0')) throw new GatewayError('refused', message, { data: { field } })
  }
}
