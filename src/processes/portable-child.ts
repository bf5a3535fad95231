import type { Socket } from 'node:net'
import type { OutputStream, ProcessSignal, TerminalSize } from '../protocol/process-schemas.ts'
import type { Child, ChildEvents, InputStream } from './engine.ts'
import { readStat } from '../lifecycle/proc-stat.ts'
import { ReadableStream } from './readable-stream.ts'
import type { SessionTable } from './session-table.ts'
import { signalNumbers, typedSignals } from './signals.ts'
import { SystemError, unlessRefused } from '../libc/system-error.ts'

const SIGHUP = 1
const SIGKILL = 9
const SIGTERM = 15

export interface PortableChildOptions {
  readonly pid: number
  readonly events: ChildEvents
  readonly sessions: SessionTable
  readonly isTerminal: boolean
  readonly outputs: readonly { readonly stream: OutputStream; readonly socket: Socket; readonly descriptor: number }[]
  readonly input: InputStream | undefined
  /** Does nothing where there is no terminal. */
  readonly resize: (size: TerminalSize) => void
}

/** A process of the portable engine, from its start on. */
export class PortableChild implements Child {
  readonly pid: number
  readonly input: InputStream | undefined
  readonly #events: ChildEvents
  readonly #sessions: SessionTable
  readonly #isTerminal: boolean
  readonly #resize: (size: TerminalSize) => void
  readonly #streams: readonly ReadableStream[]
  #reaped = false

  constructor(options: PortableChildOptions) {
    const { events } = options
    this.pid = options.pid
    this.input = options.input
    this.#events = events
    this.#sessions = options.sessions
    this.#isTerminal = options.isTerminal
    this.#resize = options.resize
    this.#streams = options.outputs.map(
      ({ stream, socket, descriptor }) =>
        new ReadableStream({
          socket,
          descriptor,
          output: bytes => {
            events.output(stream, bytes)
          },
          ended: () => {
            // What writes to a terminal has to stop before its descriptor is somebody else's.
            if (options.isTerminal) options.input?.writer.destroy()
            events.streamEnded(stream)
          },
        }),
    )
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

  signal(name: ProcessSignal): void {
    if (this.#reaped) return
    const isTyped = this.#isTerminal && typedSignals.has(name)
    const foreground = isTyped ? readStat(this.pid)?.foregroundGroup : undefined
    signal(-(foreground ?? this.pid), signalNumbers[name])
  }

  resize(size: TerminalSize): void {
    // Its descriptor is somebody else's once the stream has ended.
    if (this.openStreams > 0) this.#resize(size)
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
    let areSignalled = this.#endGroup(SIGKILL)
    // A living leader with the number of ours, which has ended, is a stranger: so are the members then.
    if (this.#reaped && readStat(this.pid) !== undefined) return areSignalled
    for (const pid of this.#sessions.membersOf(this.pid)) {
      if (readStat(pid)?.session === this.pid && !unlessRefused(() => signal(pid, SIGKILL))) areSignalled = false
    }
    return areSignalled
  }

  endStreams(): void {
    for (const stream of this.#streams) stream[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.input?.close()
    this.endStreams()
  }

  /** To be called once. Code and signal are 0 where there is none. */
  readonly exited = (code: number, signalNumber: number): void => {
    this.#reaped = true
    for (const stream of this.#streams) stream.drain()
    this.#events.exited({
      code: signalNumber === 0 ? code : 128 + signalNumber,
      signal: signalNumber === 0 ? undefined : signalNumber,
      cpuSeconds: undefined,
      peakMemoryBytes: undefined,
    })
  }

  #endGroup(number: number): boolean {
    return this.#reaped || unlessRefused(() => signal(-this.pid, number))
  }
}

/** kill(2). Who is gone already is no error. */
function signal(target: number, number: number): void {
  try {
    process.kill(target, number)
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return
    throw errno === undefined ? error : SystemError.fromNode(errno)
  }
}
