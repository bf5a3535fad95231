import type { ArmRecord, LoadPlan } from '../../src/load/load-test.ts'
import type { Phases } from '../../src/load/operation.ts'
import { RunRecord } from '../../src/load/run-record.ts'
import type { Completion } from '../../src/load/scenario.ts'

/** A plan as the command makes it, with what a test wants otherwise. */
export function planWith(more: Partial<LoadPlan> = {}): LoadPlan {
  return {
    scenario: 'one-shot',
    targets: [],
    completions: ['events'],
    settings: { sessions: 3, streamBytes: 100_000 },
    runs: 2,
    extent: { iterations: 4 },
    ratePerSecond: undefined,
    concurrency: 1,
    rttMs: 0,
    timeoutMs: 20_000,
    ...more,
  }
}

export interface RecordedRun {
  readonly latenciesMs: readonly number[]
  readonly phases?: Phases
  readonly errors?: Readonly<Record<string, number>>
}

/** An arm that has measured exactly this, one operation each 100 ms. */
export function recordOf(name: string, runs: readonly RecordedRun[], completion: Completion = 'events'): ArmRecord {
  return {
    arm: { name, completion, target: { name, url: 'ws://127.0.0.1:1' } },
    runs: runs.map(({ latenciesMs, phases = {}, errors = {} }, index) => {
      const record = new RunRecord(index * 1000)
      for (const [turn, latencyMs] of latenciesMs.entries()) {
        record.succeeded({ atMs: (turn + 1) * 100, latencyMs, phases })
      }
      for (const [kind, count] of Object.entries(errors)) record.failed(kind, `${kind} happened`, count)
      record.elapsedMs = latenciesMs.length * 100
      return record
    }),
  }
}
