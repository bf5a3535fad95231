import type { OutputStream, Receipt } from '../protocol/process-schemas.ts'
import type { SpawnSpan } from '../telemetry/tracing.ts'
import type { ChildExit } from './engine.ts'
import type { OomEvents } from './oom-events.ts'
import type { ExitKind, ProcessMetrics, StartMode } from './process-metrics.ts'

const SIGKILL = 9

const endedCauses = { client: 'terminated', timeout: 'timeout', session: 'session_ended' } as const

/** Where a process comes from: the request that started it. */
export interface ProcessOrigin {
  /** `performance.now()` when it was asked for. */
  readonly requestedAt: number
  readonly span: SpawnSpan | undefined
  /** Number of the launch in its gateway; see LaunchRegistry. */
  readonly launch: number
}

/** Whether it was the gateway that ended the process, and why. */
export type EndedBy = 'client' | 'timeout' | 'session' | undefined

export interface ProcessLifeOptions {
  readonly metrics: ProcessMetrics
  readonly oom: OomEvents
  readonly mode: StartMode
  readonly origin: ProcessOrigin
}

/** What one process did, in numbers: counted as it happens, and summed up as a receipt when it exits. */
export class ProcessLife {
  readonly #options: ProcessLifeOptions
  #startedAt = performance.now()
  readonly #outputBytes: Record<OutputStream, number> = { stdout: 0, stderr: 0, pty: 0 }
  #firstOutputAt: number | undefined
  #evictedBytes = 0
  #receipt: Receipt | undefined
  exitedAt: number | undefined
  /** When SIGKILL was sent. */
  killedAt: number | undefined

  constructor(options: ProcessLifeOptions) {
    this.#options = options
  }

  /** The process has a pid. */
  spawned(): void {
    this.#startedAt = performance.now()
    const { metrics, mode, origin } = this.#options
    metrics.spawned(mode, this.#startedAt - origin.requestedAt)
    origin.span?.reached('spawned')
    origin.span?.end('success')
  }

  /** There once the process has exited. */
  get receipt(): Receipt | undefined {
    return this.#receipt
  }

  get launch(): number {
    return this.#options.origin.launch
  }

  get startedAt(): number {
    return this.#startedAt
  }

  output(stream: OutputStream, bytes: number): void {
    const { metrics, mode, origin } = this.#options
    if (this.#firstOutputAt === undefined) {
      this.#firstOutputAt = performance.now()
      metrics.firstOutput(mode, this.#firstOutputAt - origin.requestedAt)
    }
    this.#outputBytes[stream] += bytes
    metrics.output(stream, bytes)
  }

  evicted(bytes: number): void {
    this.#evictedBytes += bytes
    this.#options.metrics.evicted('window', bytes)
  }

  killed(): void {
    this.killedAt ??= performance.now()
    this.#options.metrics.signalled('kill')
  }

  gapSeen(): void {
    this.#options.metrics.gapSeen()
  }

  exited(exit: ChildExit, endedBy: EndedBy): void {
    const { metrics, origin } = this.#options
    const cause = this.#causeOf(exit, endedBy)
    const endedAt = performance.now()
    this.exitedAt = endedAt
    const peakMemory = exit.peakMemoryBytes
    metrics.exited(exitKind(exit, cause), exit.cpuSeconds, peakMemory)
    const receipt = {
      cause,
      signal: exit.signal ?? null,
      wallMs: round(endedAt - this.#startedAt),
      cpuMs: exit.cpuSeconds === undefined ? null : round(exit.cpuSeconds * 1000),
      peakMemoryBytes: peakMemory ?? null,
      outputBytes: { ...this.#outputBytes },
      evictedBytes: this.#evictedBytes,
    }
    this.#receipt = receipt
    origin.span?.recordExit({
      startedAt: this.#startedAt,
      endedAt,
      firstOutputAt: this.#firstOutputAt,
      attributes: () => spanAttributes(exit, receipt),
    })
  }

  #causeOf(exit: ChildExit, endedBy: EndedBy): Receipt['cause'] {
    if (exit.signal === undefined) return exit.code < 0 ? 'lost' : 'exit'
    if (endedBy !== undefined) return endedCauses[endedBy]
    return exit.signal === SIGKILL && this.#options.oom.hasKilled() ? 'oom' : 'signal'
  }
}

function exitKind(exit: ChildExit, cause: Receipt['cause']): ExitKind {
  if (cause === 'lost' || cause === 'oom' || cause === 'timeout') return cause
  if (exit.signal !== undefined) return 'signal'
  return exit.code === 0 ? 'code_zero' : 'code_nonzero'
}

/** The exit code is a number the command chose and tells nothing else about it. */
function spanAttributes(exit: ChildExit, receipt: Receipt): Record<string, string | number> {
  const { stdout, stderr, pty } = receipt.outputBytes
  return {
    'process.exit.code': exit.code,
    'exec.exit.cause': receipt.cause,
    'exec.wall_ms': receipt.wallMs,
    'exec.output_bytes': stdout + stderr + pty,
    'exec.evicted_bytes': receipt.evictedBytes,
    ...(receipt.signal !== null && { 'exec.exit.signal': receipt.signal }),
    ...(receipt.cpuMs !== null && { 'exec.cpu_ms': receipt.cpuMs }),
    ...(receipt.peakMemoryBytes !== null && { 'exec.peak_memory_bytes': receipt.peakMemoryBytes }),
  }
}

/** To a microsecond: more digits would only look exact. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
