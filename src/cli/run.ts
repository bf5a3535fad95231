import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { ExecBackend, ExecProcess } from '../backends/exec-backend.ts'
import { GatewayError, type StartOptions } from '../client/execgate-client.ts'
import type { Timers } from '../lifecycle/timers.ts'
import type { RunRequest } from './run-arguments.ts'

/** Exit codes beside the command's own, as `docker exec` and `timeout` have them. */
export const runExitCodes = {
  timedOut: 124,
  gatewayTrouble: 125,
  cannotExecute: 126,
  notFound: 127,
  /** Nobody reads the output any more: 128 + SIGPIPE. */
  outputClosed: 141,
} as const

/** Standard input as the caller has it: raw when it is a terminal. */
export interface RunInput extends Readable {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
}

/** Standard output as the caller has it: the size when it is a terminal. */
export interface RunOutput extends Writable {
  readonly isTTY?: boolean
  readonly rows?: number
  readonly columns?: number
}

/** What the command is connected to. */
export interface RunStreams {
  readonly timers: Timers
  readonly stdin: RunInput
  readonly stdout: RunOutput
  readonly stderr: Writable
  /** Has the listener called for every SIGINT, SIGTERM and SIGHUP until it is disposed. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void): Disposable
}

/** Output that waits for a slow reader before the command is held back. */
const bufferBytes = 1024 * 1024

/** Runs a command with the caller's standard streams. Resolves to the exit code of this program. */
export async function runCommand(
  open: () => Promise<ExecBackend>,
  request: RunRequest,
  streams: RunStreams,
): Promise<number> {
  try {
    await using backend = await open()
    await using process = await start(backend, request, streams)
    return await attend(process, request, streams)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    streams.stderr.write(`execgate: ${error.message}\n`)
    return exitCodeOf(error)
  }
}

/** A terminal gets the size of the caller's: the protocol has no word for it. stty(1) */
function start(backend: ExecBackend, request: RunRequest, { stdout }: RunStreams): Promise<ExecProcess> {
  const { command, tty, interactive, cwd, env } = request
  const options: StartOptions = {
    tty,
    stdin: interactive ? 'pipe' : 'none',
    env,
    bufferBytes,
    holdsConnection: true,
    ...(cwd !== undefined && { cwd }),
  }
  const { rows, columns } = stdout
  if (!tty || rows === undefined || columns === undefined) return backend.start(command, options)
  const sized = ['/bin/sh', '-c', `stty rows ${rows} cols ${columns} 2>/dev/null; exec "$@"`, 'sh', ...command]
  return backend.start(sized, options)
}

/** Passes everything on until the command has ended and its output is written. */
async function attend(process: ExecProcess, request: RunRequest, streams: RunStreams): Promise<number> {
  let isTimedOut = false
  let isUnread = false
  let trouble: unknown
  const timedOut = () => {
    isTimedOut = true
    void kill(process)
  }
  const failed = (error: unknown) => {
    trouble = error
    void kill(process)
  }
  using _deadline = request.timeoutMs === undefined ? undefined : streams.timers.after(request.timeoutMs, timedOut)
  using _signals = streams.onSignal(signalled(process))
  using _input = request.interactive ? passInput(process, request, streams, failed) : undefined
  using _readers = watchReaders(streams, () => {
    isUnread = true
    void kill(process)
  })
  await passOutput(process, streams, () => isUnread)
  const { exitCode } = await process.wait()
  if (trouble !== undefined) throw trouble
  if (isUnread) return runExitCodes.outputClosed
  return isTimedOut ? runExitCodes.timedOut : exitCode
}

/** A connection that breaks now breaks for the output as well, which tells. */
function kill(process: ExecProcess): Promise<unknown> {
  return process.kill().catch(() => {})
}

/** The first Ctrl-C interrupts the command; another one, or any other signal, kills it. */
function signalled(process: ExecProcess): Parameters<RunStreams['onSignal']>[0] {
  let isInterrupted = false
  return signal => {
    const ends = signal !== 'SIGINT' || isInterrupted
    isInterrupted = true
    void (ends ? kill(process) : process.interrupt().catch(() => {}))
  }
}

/** Tells when nobody reads the output any more, such as behind `head`: what is written then only fails. */
function watchReaders({ stdout, stderr }: RunStreams, gone: () => void): Disposable {
  for (const stream of [stdout, stderr]) stream.once('error', gone)
  return {
    [Symbol.dispose]: () => {
      for (const stream of [stdout, stderr]) stream.off('error', gone)
    },
  }
}

async function passOutput(
  process: ExecProcess,
  { stdout, stderr }: RunStreams,
  isUnread: () => boolean,
): Promise<void> {
  for await (const { stream, bytes } of process.output) {
    if (isUnread()) continue
    const target = stream === 'stderr' ? stderr : stdout
    if (!target.write(bytes)) await drained(target)
  }
}

/** Resolves when more can be written. An error says by itself that nothing can. */
async function drained(target: Writable): Promise<void> {
  await once(target, 'drain').catch(() => {})
}

/** Each key goes to the terminal of the command as it is typed; a pipe is passed on to its end. */
function passInput(
  process: ExecProcess,
  { tty }: RunRequest,
  { stdin }: RunStreams,
  failed: (error: unknown) => void,
): Disposable {
  const isRaw = tty && stdin.isTTY === true
  if (isRaw) stdin.setRawMode?.(true)
  const writer = process.stdin.getWriter()
  // A command that does not want the rest of its input ends without it.
  const ignored = () => {}
  const pass = (bytes: Buffer) => {
    stdin.pause()
    writer.write(bytes).then(() => stdin.resume(), ignored)
  }
  const ended = () => {
    writer.close().catch((error: unknown) => {
      if (error instanceof GatewayError && error.kind === 'unsupported') failed(error)
    })
  }
  stdin.on('data', pass)
  stdin.once('end', ended)
  return {
    [Symbol.dispose]: () => {
      stdin.off('data', pass)
      stdin.off('end', ended)
      stdin.pause()
      if (isRaw) stdin.setRawMode?.(false)
    },
  }
}

function exitCodeOf(error: GatewayError): number {
  if (error.kind !== 'refused') return runExitCodes.gatewayTrouble
  if (error.message.endsWith('(os error 2)')) return runExitCodes.notFound
  return /\(os error \d+\)$/.test(error.message) ? runExitCodes.cannotExecute : runExitCodes.gatewayTrouble
}
