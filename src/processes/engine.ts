import type { Writable } from 'node:stream'
import type { OutputStream, ProcessSignal, TerminalSize } from '../protocol/process-schemas.ts'

/** What standard input, output and error of a new process are. */
export type StandardStreams =
  /** A terminal of its own for all three. */
  | 'terminal'
  /** Pipes for output and error; standard input is a pipe or `/dev/null`. */
  | 'pipes'
  | 'pipes without input'

/** One command, ready to be started. */
export interface Launch {
  /** argv[0] is the program that is searched and executed. */
  readonly argv: readonly [program: string, ...rest: string[]]
  /** argv[0] as the process sees it, when it differs. */
  readonly arg0: string | undefined
  /** Native path bytes of an absolute path. */
  readonly cwd: Buffer
  /** The whole environment. */
  readonly environment: ReadonlyMap<string, string>
  readonly streams: StandardStreams
  /** Of its terminal at the start. Default 24 rows and 80 columns. */
  readonly terminalSize?: TerminalSize | undefined
  /** Killed with all its descendants after this long. Default never. */
  readonly timeoutMs?: number | undefined
}

/** How a process ended, as the operating system tells it. */
export interface ChildExit {
  /** 0–255, or 128 + the signal. -1 when somebody else took the status. */
  readonly code: number
  readonly signal: number | undefined
  /** User and system time of the process and its waited-for descendants. */
  readonly cpuSeconds: number | undefined
  /** Largest resident set, where it is known. */
  readonly peakMemoryBytes: number | undefined
}

/** What a started process tells its owner. Nothing is called before `start` has returned. */
export interface ChildEvents {
  /** The bytes are borrowed: they are valid during the call only. */
  output(stream: OutputStream, bytes: Buffer): void
  /** The last holder of the stream is gone. Called once for each stream. */
  streamEnded(stream: OutputStream): void
  /** Called once, after everything the process itself wrote to its pipes has been handed over. */
  exited(exit: ChildExit): void
}

/** The writing end of a standard input. */
export interface InputStream {
  readonly writer: Writable
  /** Lets go of the input. A terminal stays open: its output comes the same way. */
  close(): void
}

/**
 * A process the engine started. Disposing it closes its streams; it does not end the process. The number of its group is
 * never signalled once the process has been reaped: it may be somebody else's by then.
 */
export interface Child extends Disposable {
  readonly pid: number
  /** Output streams that have not ended. */
  readonly openStreams: number
  /** Standard input, when it is a pipe or a terminal. */
  readonly input: InputStream | undefined
  pauseOutput(): void
  resumeOutput(): void
  /**
   * To the process's own group; `interrupt` and `quit`, which keys of a terminal send, to the group in its foreground.
   * @throws SystemError when the operating system does not allow it
   */
  signal(signal: ProcessSignal): void
  /** The size of its terminal; SIGWINCH tells who asked to be told. Only for children that have one. */
  resize(size: TerminalSize): void
  // Whoever may not be signalled, such as a command that runs as another user by now, lives on: these never throw.

  /** SIGTERM to the process group, in a terminal SIGHUP as well. */
  askToEnd(): void
  /** SIGKILL for the process group, and in a terminal for every member of its session. */
  kill(): void
  /**
   * SIGKILL for every living member of the process's operating-system session, in whichever group.
   * @returns false when somebody may not be signalled
   */
  killSession(): boolean
  /** Stops reading: streams that descendants still hold count as ended. */
  endStreams(): void
}

/** Starts processes. Two implementations may exist behind it; nothing above knows which one runs. */
export interface ProcessEngine {
  readonly name: string
  /**
   * Starts the command.
   * @throws SystemError with the operating system's number and wording
   */
  start(launch: Launch, events: ChildEvents): Child
}
