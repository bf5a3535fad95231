import type { OutputStream, WriteStatus } from '../protocol/process-schemas.ts'
import type { AttributeValue } from '../telemetry/catalogue.ts'
import { type Cell, createInstruments, type Instruments } from '../telemetry/instruments.ts'

/** How a process ended, as far as the contract tells. */
export type CompletionResult = AttributeValue<'processesFinished', 'result'>
export type StartMode = AttributeValue<'processesStarted', 'mode'>
export type ExitKind = AttributeValue<'processExits', 'kind'>

/** What happens to processes, counted. State is plain numbers moved by guards; whoever reports reads them. */
export class ProcessMetrics {
  readonly #count: Instruments
  /** Looked up once: all output passes here. */
  readonly #outputBytes: Readonly<Record<OutputStream, Cell>>
  #active = 0

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
    const outputBytes = (stream: OutputStream) => instruments.outputBytes.at({ stream })
    this.#outputBytes = { stdout: outputBytes('stdout'), stderr: outputBytes('stderr'), pty: outputBytes('pty') }
  }

  /** Processes that run and have not been seen to exit. */
  get active(): number {
    return this.#active
  }

  get finished(): Readonly<Record<CompletionResult, number>> {
    const count = (result: CompletionResult) => this.#count.processesFinished.value({ result })
    return {
      success: count('success'),
      error: count('error'),
      terminated: count('terminated'),
      unknown: count('unknown'),
    }
  }

  started(): void {
    this.#active += 1
  }

  completed(result: CompletionResult, durationMs: number): void {
    this.#active -= 1
    this.#count.processesFinished.add({ result })
    this.#count.processDuration.record(durationMs / 1000, { result })
  }

  spawned(mode: StartMode, sinceRequestMs: number): void {
    this.#count.processesStarted.add({ mode, result: 'success' })
    this.#count.spawnDuration.record(sinceRequestMs / 1000, { mode })
  }

  notStarted(mode: StartMode, result: 'refused' | 'cancelled'): void {
    this.#count.processesStarted.add({ mode, result })
  }

  firstOutput(mode: StartMode, sinceRequestMs: number): void {
    this.#count.firstOutput.record(sinceRequestMs / 1000, { mode })
  }

  signalled(signal: AttributeValue<'processSignals', 'signal'>): void {
    this.#count.processSignals.add({ signal })
  }

  exited(kind: ExitKind, cpuSeconds: number | undefined, peakMemoryBytes: number | undefined): void {
    this.#count.processExits.add({ kind })
    if (cpuSeconds !== undefined) this.#count.processCpu.add({}, cpuSeconds)
    if (peakMemoryBytes !== undefined) this.#count.processPeakMemory.record(peakMemoryBytes, {})
  }

  output(stream: OutputStream, bytes: number): void {
    this.#outputBytes[stream].add(bytes)
  }

  evicted(reason: AttributeValue<'outputEvicted', 'reason'>, bytes: number): void {
    if (bytes > 0) this.#count.outputEvicted.add({ reason }, bytes)
  }

  gapSeen(): void {
    this.#count.outputGaps.add({})
  }

  outputPaused(): void {
    this.#count.backpressure.add({ action: 'output_paused' })
  }

  outputResumed(): void {
    this.#count.backpressure.add({ action: 'output_resumed' })
  }

  polled(outcome: AttributeValue<'pollDuration', 'outcome'>, durationMs: number): void {
    this.#count.pollDuration.record(durationMs / 1000, { outcome })
  }

  written(status: WriteStatus | 'deduplicated' | 'failed', bytes: number): void {
    this.#count.stdinWrites.add({ result: writeResults[status] })
    if (status === 'accepted') this.#count.stdinBytes.add({}, bytes)
  }

  limitReached(limit: AttributeValue<'limitsReached', 'limit'>): void {
    this.#count.limitsReached.add({ limit })
  }
}

const writeResults = {
  accepted: 'accepted',
  deduplicated: 'deduplicated',
  stdinClosed: 'closed',
  unknownProcess: 'unknown_process',
  starting: 'failed',
  failed: 'failed',
} as const

/**
 * Decides how a running process ended, once: the first claim wins whatever races. Dropped without a claim it counts
 * as `unknown`.
 */
export class Completion implements Disposable {
  readonly #metrics: ProcessMetrics
  readonly #startedAt = performance.now()
  #result: CompletionResult | undefined

  constructor(metrics: ProcessMetrics) {
    this.#metrics = metrics
    metrics.started()
  }

  get result(): CompletionResult | undefined {
    return this.#result
  }

  claim(result: CompletionResult): void {
    if (this.#result !== undefined) return
    this.#result = result
    this.#metrics.completed(result, performance.now() - this.#startedAt)
  }

  [Symbol.dispose](): void {
    this.claim('unknown')
  }
}
