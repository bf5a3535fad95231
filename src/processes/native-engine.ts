import { isUtf8 } from 'node:buffer'
import net from 'node:net'
import { outputChunkBytes, terminalColumns, terminalRows } from '../protocol/limits.ts'
import type { OutputStream, ProcessSignal, TerminalSize } from '../protocol/process-schemas.ts'
import type { ChildReaper } from './child-reaper.ts'
import { ChildStream } from './child-stream.ts'
import type { Child, ChildEvents, ChildExit, InputStream, Launch, ProcessEngine } from './engine.ts'
import { executableCandidates } from './executable-lookup.ts'
import { type DescriptorSource, errnos, type Libc, type SpawnPlan, type WaitedChild } from '../libc/libc.ts'
import { SystemError, unlessRefused } from '../libc/system-error.ts'
import { signalSessionMembers } from './session-members.ts'
import { SessionTable } from './session-table.ts'
import { signalNumbers, typedSignals } from './signals.ts'

const SIGHUP = 1
const SIGKILL = 9
const SIGTERM = 15
const O_RDONLY = 0
const O_RDWR = 2

/**
 * Starts processes with posix_spawn(3). Unlike fork it does not copy the gateway's page tables, so a start costs the same
 * whether the gateway holds a megabyte of output or gigabytes, and children get real pipes instead of sockets.
 */
export class NativeEngine implements ProcessEngine {
  readonly name = 'native'
  readonly #libc: Libc
  readonly #reaper: ChildReaper
  /** One buffer for all streams: its content is consumed before the next read. */
  readonly #buffer = Buffer.allocUnsafeSlow(outputChunkBytes)
  readonly #ownPeak = new OwnPeakMemory()
  readonly #sessions = new SessionTable()

  constructor(libc: Libc, reaper: ChildReaper) {
    this.#libc = libc
    this.#reaper = reaper
  }

  start(launch: Launch, events: ChildEvents): Child {
    return launch.streams === 'terminal' ? this.#startInTerminal(launch, events) : this.#startWithPipes(launch, events)
  }

  #startWithPipes(launch: Launch, events: ChildEvents): Child {
    using descriptors = new OpenDescriptors(this.#libc)
    const [stdout, stdoutOfChild] = descriptors.adopt(this.#libc.pipe())
    const [stderr, stderrOfChild] = descriptors.adopt(this.#libc.pipe())
    const [stdinOfChild, stdin] = launch.streams === 'pipes' ? descriptors.adopt(this.#libc.pipe()) : []
    const pid = this.#spawn(launch, [
      stdinOfChild === undefined ? { path: '/dev/null', flags: O_RDONLY } : { descriptor: stdinOfChild },
      { descriptor: stdoutOfChild },
      { descriptor: stderrOfChild },
    ])
    descriptors.release(stdout, stderr, stdin)
    return new NativeChild({
      libc: this.#libc,
      reaper: this.#reaper,
      buffer: this.#buffer,
      ownPeak: this.#ownPeak,
      sessions: this.#sessions,
      pid,
      events,
      outputs: [
        { stream: 'stdout', descriptor: stdout },
        { stream: 'stderr', descriptor: stderr },
      ],
      stdin,
      terminal: undefined,
    })
  }

  #startInTerminal(launch: Launch, events: ChildEvents): Child {
    using descriptors = new OpenDescriptors(this.#libc)
    const { master, slavePath } = this.#libc.openTerminal()
    descriptors.adopt([master])
    const { rows, cols } = launch.terminalSize ?? { rows: terminalRows, cols: terminalColumns }
    this.#libc.resizeTerminal(master, rows, cols)
    // Node reads and writes terminals in blocking mode. A socket is not blocking, and it does not notice when its
    // descriptor turns into the terminal before the event loop has looked at it.
    const [socket] = descriptors.adopt(this.#libc.socketPair())
    // The first terminal a session leader opens becomes its controlling terminal.
    const pid = this.#spawn(launch, [{ path: slavePath, flags: O_RDWR }, { sameAs: 0 }, { sameAs: 0 }])
    descriptors.release(socket, master)
    return new NativeChild({
      libc: this.#libc,
      reaper: this.#reaper,
      buffer: this.#buffer,
      ownPeak: this.#ownPeak,
      sessions: this.#sessions,
      pid,
      events,
      outputs: [{ stream: 'pty', descriptor: socket }],
      stdin: undefined,
      terminal: { master, becomes: socket },
    })
  }

  /** As execvp(3): tries the candidates in turn, and has a shell run a script that names no interpreter. */
  #spawn(launch: Launch, descriptors: readonly DescriptorSource[]): number {
    const [program, ...rest] = launch.argv
    const environment = Array.from(launch.environment, ([name, value]) => `${name}=${value}`)
    const plan = { environment, cwd: launch.cwd, descriptors }
    const candidates = executableCandidates(program, launch.environment.get('PATH'))
    // What is relative to a directory whose name is no text can only be tried out.
    const directory = isUtf8(launch.cwd) ? launch.cwd.toString() : undefined
    let failure: number | undefined
    for (const file of candidates) {
      const path = file.startsWith('/') ? file : directory && `${directory}/${file}`
      // Much cheaper than a spawn that fails, and there may be thousands.
      const hopeless = candidates.length > 1 && path ? this.#libc.whyNotExecutable(path) : undefined
      const outcome = hopeless ?? this.#attempt({ ...plan, file, argv: [launch.arg0 ?? program, ...rest] })
      if (typeof outcome === 'object') return outcome.pid
      if (outcome === errnos.ENOEXEC)
        return this.#libc.spawn({ ...plan, file: '/bin/sh', argv: ['/bin/sh', file, ...rest] })
      if (outcome !== errnos.ENOENT && outcome !== errnos.ENOTDIR && outcome !== errnos.EACCES)
        throw new SystemError(outcome)
      // A candidate that exists but may not be executed says more than one that does not exist.
      if (failure === undefined || outcome === errnos.EACCES) failure = outcome
    }
    throw failure === undefined ? new Error('no candidate for the program') : new SystemError(failure)
  }

  /** The new process, or the error number for which there is none. */
  #attempt(plan: SpawnPlan): { readonly pid: number } | number {
    try {
      return { pid: this.#libc.spawn(plan) }
    } catch (error) {
      if (error instanceof SystemError) return error.errno
      throw error
    }
  }
}

interface NativeChildOptions {
  readonly libc: Libc
  readonly reaper: ChildReaper
  readonly buffer: Buffer
  readonly ownPeak: OwnPeakMemory
  readonly sessions: SessionTable
  readonly pid: number
  readonly events: ChildEvents
  readonly outputs: readonly { readonly stream: OutputStream; readonly descriptor: number }[]
  readonly stdin: number | undefined
  readonly terminal: { readonly master: number; readonly becomes: number } | undefined
}

class NativeChild implements Child {
  readonly pid: number
  readonly input: InputStream | undefined
  readonly #libc: Libc
  readonly #events: ChildEvents
  readonly #streams: readonly ChildStream[]
  /** Its own name for the terminal: a program may close all its streams and live on, and would get SIGHUP if nobody held it. */
  #terminal: number | undefined
  readonly #isTerminal: boolean
  readonly #ownPeak: OwnPeakMemory
  readonly #sessions: SessionTable
  #reaped = false

  constructor(options: NativeChildOptions) {
    this.pid = options.pid
    this.#libc = options.libc
    this.#events = options.events
    this.#isTerminal = options.terminal !== undefined
    this.#ownPeak = options.ownPeak
    this.#sessions = options.sessions
    this.#streams = options.outputs.map(
      ({ stream, descriptor }) =>
        new ChildStream({
          libc: options.libc,
          descriptor,
          writable: options.terminal !== undefined,
          buffer: options.buffer,
          output: bytes => {
            options.events.output(stream, bytes)
          },
          ended: () => {
            options.events.streamEnded(stream)
            // Most processes end their streams by exiting. The signal that says so takes longer.
            if (!this.#reaped) options.reaper.reap(this.pid)
          },
        }),
    )
    if (options.terminal !== undefined) {
      this.#libc.replaceDescriptor(options.terminal.master, options.terminal.becomes)
      this.#terminal = options.terminal.master
      const [stream] = this.#streams
      if (stream !== undefined) this.input = { writer: stream.writer, close: () => {} }
    } else if (options.stdin !== undefined) {
      const writer = new net.Socket({ fd: options.stdin, readable: false, writable: true })
      this.input = { writer, close: () => writer.destroy() }
    }
    options.reaper.watch(this.pid, this.#exited)
  }

  get openStreams(): number {
    return this.#streams.filter(stream => stream.isOpen).length
  }

  pauseOutput(): void {
    for (const stream of this.#streams) stream.pause()
  }

  resumeOutput(): void {
    for (const stream of this.#streams) stream.resume()
  }

  signal(signal: ProcessSignal): void {
    const number = signalNumbers[signal]
    const foreground = typedSignals.has(signal) ? this.#foregroundGroup() : undefined
    if (foreground === undefined) this.#signalGroup(number)
    else if (!this.#reaped) this.#libc.signalGroup(foreground, number)
  }

  resize({ rows, cols }: TerminalSize): void {
    if (this.#terminal !== undefined) this.#libc.resizeTerminal(this.#terminal, rows, cols)
  }

  askToEnd(): void {
    this.#endGroup(SIGTERM)
    // Interactive shells ignore SIGTERM.
    if (this.#isTerminal) this.#endGroup(SIGHUP)
  }

  kill(): void {
    if (this.#isTerminal) this.killSession()
    else this.#endGroup(SIGKILL)
  }

  killSession(): boolean {
    const isGroupSignalled = this.#endGroup(SIGKILL)
    const session = { id: this.pid, leaderReaped: this.#reaped }
    return signalSessionMembers({ libc: this.#libc, sessions: this.#sessions }, session, SIGKILL) && isGroupSignalled
  }

  endStreams(): void {
    for (const stream of this.#streams) stream[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.input?.close()
    this.endStreams()
    this.#letGoOfTerminal()
  }

  #letGoOfTerminal(): void {
    if (this.#terminal !== undefined) this.#libc.close(this.#terminal)
    this.#terminal = undefined
  }

  #foregroundGroup(): number | undefined {
    return this.#terminal === undefined ? undefined : this.#libc.foregroundGroup(this.#terminal)
  }

  #endGroup(signal: number): boolean {
    return unlessRefused(() => this.#signalGroup(signal))
  }

  #signalGroup(signal: number): void {
    // Until it is reaped, the zombie of the leader keeps the number of the group from being reused.
    if (!this.#reaped) this.#libc.signalGroup(this.pid, signal)
  }

  readonly #exited = (waited: WaitedChild): void => {
    this.#reaped = true
    for (const stream of this.#streams) stream.drain()
    this.#letGoOfTerminal()
    this.#events.exited(describeExit(waited, this.#ownPeak))
  }
}

/** Only grows, and the operating system takes longer to tell than anything else about an exit. */
class OwnPeakMemory {
  #bytes = 0

  isBelow(bytes: number): boolean {
    if (bytes <= this.#bytes) return false
    this.#bytes = process.resourceUsage().maxRSS * 1024
    return bytes > this.#bytes
  }
}

function describeExit(waited: WaitedChild, ownPeak: OwnPeakMemory): ChildExit {
  const { exitCode, signal, cpuSeconds, peakMemoryBytes } = waited
  if (exitCode === undefined && signal === undefined) {
    return { code: -1, signal, cpuSeconds: undefined, peakMemoryBytes: undefined }
  }
  return {
    code: exitCode ?? 128 + (signal ?? 0),
    signal,
    cpuSeconds,
    // What the operating system tells is at least the gateway's own peak, inherited at the spawn.
    peakMemoryBytes: ownPeak.isBelow(peakMemoryBytes) ? peakMemoryBytes : undefined,
  }
}

/** Descriptors that are closed at the end of the block unless they were released to another owner. */
class OpenDescriptors implements Disposable {
  readonly #libc: Libc
  readonly #open = new Set<number>()

  constructor(libc: Libc) {
    this.#libc = libc
  }

  adopt<Descriptors extends readonly number[]>(descriptors: Descriptors): Descriptors {
    for (const descriptor of descriptors) this.#open.add(descriptor)
    return descriptors
  }

  release(...descriptors: readonly (number | undefined)[]): void {
    for (const descriptor of descriptors) if (descriptor !== undefined) this.#open.delete(descriptor)
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#open) this.#libc.close(descriptor)
  }
}
