import { LatencyHistogram } from './latency-histogram.ts'
import type { Phase, Phases } from './operation.ts'
import { Timeline } from './timeline.ts'

/** An operation that did what it should. */
export interface Success {
  /** When it ended, since the start of the run. */
  readonly atMs: number
  readonly latencyMs: number
  readonly phases: Phases
}

/** What was measured in one run of one arm. */
export class RunRecord {
  readonly latency = new LatencyHistogram()
  readonly timeline = new Timeline()
  /** How late operations began although a worker was waiting for them: the fault of this program or its machine. */
  readonly lateness = new LatencyHistogram()
  /** How often each kind of error was met. */
  readonly errors = new Map<string, number>()
  /** What the first error of each kind said. */
  readonly firstErrors = new Map<string, string>()
  /** From the first operation being due to the last one being done. */
  elapsedMs = 0
  readonly #phases = new Map<Phase, LatencyHistogram>()
  /** When it began, since the start of the test. */
  readonly beganMs: number

  constructor(beganMs: number) {
    this.beganMs = beganMs
  }

  get errorCount(): number {
    return this.errors.values().reduce((sum, count) => sum + count, 0)
  }

  /** Successes in a second. */
  get perSecond(): number {
    return this.elapsedMs === 0 ? 0 : this.latency.count / (this.elapsedMs / 1000)
  }

  succeeded({ atMs, latencyMs, phases }: Success): void {
    this.latency.recordMs(latencyMs)
    this.timeline.record(atMs, latencyMs)
    for (const [phase, ms] of Object.entries(phases) as [Phase, number][]) this.#histogramOf(phase).recordMs(ms)
  }

  failed(kind: string, message: string, count = 1): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + count)
    if (!this.firstErrors.has(kind)) this.firstErrors.set(kind, message)
  }

  phase(phase: Phase): LatencyHistogram | undefined {
    return this.#phases.get(phase)
  }

  #histogramOf(phase: Phase): LatencyHistogram {
    const known = this.#phases.get(phase)
    if (known !== undefined) return known
    const histogram = new LatencyHistogram()
    this.#phases.set(phase, histogram)
    return histogram
  }
}
