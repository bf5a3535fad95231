import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { ExecBackend, ExecProcess } from '../backends/exec-backend.ts'
import { GatewayError, type ProcessSignal, type StartOptions, type TerminalSize } from '../client/execgate-client.ts'
import type { Timers } from '../lifecycle/timers.ts'
import type { RunRequest } from './run-arguments.ts'
import { runExitCodes } from './run-exit-codes.ts'

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

/** Signals to this program that are meant for the command. */
export type PassedSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT'

const passedAs: Readonly<Record<PassedSignal, ProcessSignal>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminate',
  SIGHUP: 'hangup',
  SIGQUIT: 'quit',
}

/** What the command is connected to. */
export interface RunStreams {
  readonly timers: Timers
  readonly stdin: RunInput
  readonly stdout: RunOutput
  readonly stderr: Writable
  /** Has the listener called for every one of these signals until it is disposed. */
  onSignal(listener: (signal: PassedSignal) => void): Disposable
}

/** Output that waits for a slow reader before the command is held back. */
const bufferBytes = 1024 * 1024

/** The largest exit code that a program can have here; servers of other systems may know larger ones, and negative ones. */
const maxExitCode = 255

/** Connections in a row that may break under a kill. */
const maxKills = 8

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

/** A terminal gets the size of the caller's; where the server has no word for it by stty(1). */
async function start(backend: ExecBackend, request: RunRequest, { stdout }: RunStreams): Promise<ExecProcess> {
  const { command, tty, interactive, cwd, env, timeoutMs } = request
  const isWatched = timeoutMs !== undefined && (await backend.announces('timeouts'))
  const options: StartOptions = {
    tty,
    stdin: interactive ? 'pipe' : 'none',
    env,
    bufferBytes,
    holdsConnection: true,
    ...(cwd !== undefined && { cwd }),
    ...(isWatched && { timeoutMs }),
  }
  const terminalSize = tty ? sizeOf(stdout) : undefined
  if (terminalSize === undefined) return await backend.start(command, options)
  if (await backend.announces('resize')) return await backend.start(command, { ...options, terminalSize })
  const { rows, cols } = terminalSize
  const sized = ['/bin/sh', '-c', `stty rows ${rows} cols ${cols} 2>/dev/null; exec "$@"`, 'sh', ...command]
  return await backend.start(sized, options)
}

function sizeOf({ rows = 0, columns = 0 }: RunOutput): TerminalSize | undefined {
  // A terminal that does not know its size says that it is 0.
  return rows > 0 && columns > 0 ? { rows, cols: columns } : undefined
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
  using _size = request.tty ? followSize(process, streams.stdout) : undefined
  using _input = request.interactive ? passInput(process, request, streams, failed) : undefined
  using _readers = watchReaders(streams, error => {
    isUnread = true
    if (readerIsGone(error)) void kill(process)
    else failed(new GatewayError('refused', `the output cannot be written: ${error.message}`))
  })
  await passOutput(process, streams, () => isUnread)
  const { exitCode, receipt } = await process.wait()
  if (trouble !== undefined) throw trouble
  if (isUnread) return runExitCodes.outputClosed
  if (isTimedOut || receipt?.cause === 'timeout') return runExitCodes.timedOut
  return (exitCode & maxExitCode) === exitCode ? exitCode : maxExitCode
}

/** A kill that is lost with its connection is sent again on the next, as the output goes on there. What else fails the output tells. */
async function kill(process: ExecProcess): Promise<void> {
  for (let kills = 0; kills < maxKills; kills += 1) {
    try {
      await process.kill()
      return
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'disconnected') return
    }
  }
}

/** The first of each goes to the command; the second kills it, as does any but SIGINT that cannot be passed on. */
function signalled(process: ExecProcess): (signal: PassedSignal) => void {
  const seen = new Set<PassedSignal>()
  const pass = async (signal: PassedSignal) => {
    try {
      await process.signal(passedAs[signal])
    } catch (error) {
      if (error instanceof GatewayError && error.kind === 'unsupported') await kill(process)
    }
  }
  return signal => {
    void (seen.has(signal) ? kill(process) : pass(signal))
    seen.add(signal)
  }
}

/** Where the server cannot be told, the size stays that of the start. */
function followSize(process: ExecProcess, stdout: RunOutput): Disposable {
  const resized = () => {
    const size = sizeOf(stdout)
    if (size !== undefined) process.resize(size).catch(() => {})
  }
  stdout.on('resize', resized)
  return { [Symbol.dispose]: () => stdout.off('resize', resized) }
}

/** Tells when the output cannot be written any more: what is written then only fails. */
function watchReaders({ stdout, stderr }: RunStreams, lost: (error: NodeJS.ErrnoException) => void): Disposable {
  for (const stream of [stdout, stderr]) stream.once('error', lost)
  return {
    [Symbol.dispose]: () => {
      for (const stream of [stdout, stderr]) stream.off('error', lost)
    },
  }
}

/** Nobody reads the output any more, such as behind `head`, or in a terminal that was closed. A disk that is full is another matter. */
function readerIsGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'EIO'
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
  // A command that does not want the rest of its input ends without it; one that cannot get it would wait for ever.
  const unwritten = (error: unknown) => {
    if (error instanceof GatewayError && error.kind !== 'refused' && error.kind !== 'notFound') failed(error)
  }
  const pass = (bytes: Buffer) => {
    stdin.pause()
    writer.write(bytes).then(() => stdin.resume(), unwritten)
  }
  const ended = () => {
    writer.close().catch(unwritten)
  }
  // A terminal that was closed has nothing more to say; what breaks anywhere else is not the end of the input.
  const broken = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO') ended()
    else failed(new GatewayError('refused', `standard input cannot be read: ${error.message}`))
  }
  stdin.on('data', pass)
  stdin.once('end', ended)
  stdin.once('error', broken)
  return {
    [Symbol.dispose]: () => {
      stdin.off('data', pass)
      stdin.off('end', ended)
      stdin.off('error', broken)
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
