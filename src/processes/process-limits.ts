/** What one process may cost. All of it comes from the configuration. */
export interface ProcessLimits {
  /** Accepted input that the process has not read yet. */
  readonly stdinQueueBytes: number
  /** Input of one session in writes that wait for room. */
  readonly waitingInputBytes: number
  /** Output kept while nobody is attached; then the process is held back. */
  readonly detachedOutputBytes: number
  /** Output of all processes that are not closed. */
  readonly retainedOutputBytes: number
  /** How long a closed process stays readable and its id taken. */
  readonly closedProcessMs: number
  /** Closed processes that stay readable, in the whole gateway, and the output they hold together. */
  readonly maxClosedProcesses: number
  readonly closedOutputBytes: number
  /** Between SIGTERM and SIGKILL when a session ends. */
  readonly graceMs: number
  /** Processes whose streams are open, in the whole gateway. */
  readonly maxProcesses: number
  /** The same of one session. */
  readonly maxSessionProcesses: number
}

/** How long the exit of a process waits for descendants to let go of its streams, so that `exited` follows the last output. */
export const tailMs = 50
