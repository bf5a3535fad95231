import { bootstrap, type Interval, median } from '../bootstrap.ts'
import type { ArmRecord, LoadPlan } from '../load-test.ts'
import { phases } from '../operation.ts'
import type { RunRecord } from '../run-record.ts'
import type { ComparedTarget, LoadReport, RunFigures } from './load-report.ts'

type Statistic = 'p50Ms' | 'p95Ms' | 'p99Ms' | 'perSecond'

/** What one run says. */
export function figuresOf(run: RunRecord): RunFigures {
  const { latency } = run
  const medians = phases.flatMap(phase => {
    const ms = run.phase(phase)?.percentileMs(50)
    return ms === undefined ? [] : [[phase, ms] as const]
  })
  return {
    p50Ms: latency.percentileMs(50) ?? null,
    p95Ms: latency.percentileMs(95) ?? null,
    p99Ms: latency.percentileMs(99) ?? null,
    maxMs: latency.maxMs ?? null,
    perSecond: run.perSecond,
    errors: run.errorCount,
    phasesP50Ms: Object.fromEntries(medians),
  }
}

/**
 * What all runs say together: the median of the percentiles of the runs, so that one bad run does not decide. The seed is that
 * of the confidence intervals.
 */
export function summarise(plan: LoadPlan, arms: readonly ArmRecord[], seed: number): Omit<LoadReport, 'missed'> {
  const { scenario, ratePerSecond, concurrency, extent, rttMs } = plan
  const measured = arms.map(({ arm, runs }) => ({ arm, runs, figures: runs.map(figuresOf) }))
  const first = measured[0]?.figures ?? []
  return {
    scenario,
    loop: ratePerSecond === undefined ? 'closed' : 'open',
    ratePerSecond: ratePerSecond ?? null,
    concurrency,
    iterations: 'iterations' in extent ? extent.iterations : null,
    durationMs: 'durationMs' in extent ? extent.durationMs : null,
    rttMs,
    targets: measured.map(({ arm, runs, figures }) => ({
      name: arm.name,
      completion: arm.completion,
      ...together(figures),
      errorKinds: errorKindsOf(runs),
      // Of several with the same key the last one stays.
      firstErrors: Object.fromEntries(runs.toReversed().flatMap(({ firstErrors }) => [...firstErrors])),
      generatorLateP99Ms: largest(runs.flatMap(({ lateness }) => lateness.percentileMs(99) ?? [])),
      confidence95: confidenceOf(figures, seed),
      change: figures === first ? null : changeOf(first, figures, seed),
      runs: figures,
    })),
  }
}

function together(runs: readonly RunFigures[]): RunFigures {
  return {
    p50Ms: medianOf(runs, 'p50Ms') ?? null,
    p95Ms: medianOf(runs, 'p95Ms') ?? null,
    p99Ms: medianOf(runs, 'p99Ms') ?? null,
    maxMs: largest(valuesOf(runs, 'maxMs')),
    perSecond: medianOf(runs, 'perSecond') ?? 0,
    errors: runs.reduce((sum, { errors }) => sum + errors, 0),
    phasesP50Ms: Object.fromEntries(
      phases.flatMap(phase => {
        const ms = median(runs.flatMap(({ phasesP50Ms }) => phasesP50Ms[phase] ?? []))
        return ms === undefined ? [] : [[phase, ms] as const]
      }),
    ),
  }
}

function confidenceOf(runs: readonly RunFigures[], seed: number): ComparedTarget['confidence95'] {
  const of = (statistic: Statistic) => bootstrap(runs, drawn => medianOf(drawn, statistic), seed) ?? null
  return { p50Ms: of('p50Ms'), p95Ms: of('p95Ms'), p99Ms: of('p99Ms'), perSecond: of('perSecond') }
}

/** Runs that followed each other are compared with each other: they had the machine at the same time. */
function changeOf(first: readonly RunFigures[], other: readonly RunFigures[], seed: number): ComparedTarget['change'] {
  const pairs = other.flatMap((run, index) => {
    const beside = first[index]
    return beside === undefined ? [] : [{ run, beside }]
  })
  const change = (drawn: typeof pairs, statistic: Statistic): number | undefined => {
    const before = medianOf(
      drawn.map(({ beside }) => beside),
      statistic,
    )
    const after = medianOf(
      drawn.map(({ run }) => run),
      statistic,
    )
    return before === undefined || before === 0 || after === undefined ? undefined : after / before - 1
  }
  const confidence = (statistic: Statistic): Interval | null =>
    bootstrap(pairs, drawn => change([...drawn], statistic), seed) ?? null
  const p50 = change(pairs, 'p50Ms')
  const p95 = change(pairs, 'p95Ms')
  if (p50 === undefined || p95 === undefined) return null
  return { p50, p50Confidence95: confidence('p50Ms'), p95, p95Confidence95: confidence('p95Ms') }
}

function errorKindsOf(runs: readonly RunRecord[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const { errors } of runs) {
    for (const [kind, count] of errors) kinds[kind] = (kinds[kind] ?? 0) + count
  }
  return kinds
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values)
}

function medianOf(runs: readonly RunFigures[], statistic: Statistic): number | undefined {
  return median(valuesOf(runs, statistic))
}

/** Runs in which nothing succeeded have none. */
function valuesOf(runs: readonly RunFigures[], statistic: Statistic | 'maxMs'): number[] {
  return runs.flatMap(run => run[statistic] ?? [])
}
