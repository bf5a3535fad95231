import type { ComparedTarget } from './report/load-report.ts'

/** What every target has to keep; undefined: anything goes. Milliseconds, a count, operations in a second. */
export interface Thresholds {
  readonly maxP50Ms: number | undefined
  readonly maxP95Ms: number | undefined
  readonly maxP99Ms: number | undefined
  readonly maxErrors: number | undefined
  readonly minPerSecond: number | undefined
}

/** A sentence for each threshold that a target has missed. Where no operation succeeded no latency is kept. */
export function missedBy(target: ComparedTarget, thresholds: Thresholds): string[] {
  const latencies = [
    ['p50', target.p50Ms, thresholds.maxP50Ms],
    ['p95', target.p95Ms, thresholds.maxP95Ms],
    ['p99', target.p99Ms, thresholds.maxP99Ms],
  ] as const
  const missed: string[] = []
  for (const [name, ms, limit] of latencies) {
    if (limit === undefined) continue
    if (ms === null)
      missed.push(`${target.name}: no operation succeeded, so there is no ${name} to keep to ${limit} ms`)
    else if (ms > limit) missed.push(`${target.name}: ${name} is ${ms.toFixed(3)} ms, more than ${limit} ms`)
  }
  const { maxErrors, minPerSecond } = thresholds
  if (maxErrors !== undefined && target.errors > maxErrors) {
    missed.push(`${target.name}: ${target.errors} errors, more than ${maxErrors}`)
  }
  if (minPerSecond !== undefined && target.perSecond < minPerSecond) {
    missed.push(`${target.name}: ${target.perSecond.toFixed(1)} operations in a second, fewer than ${minPerSecond}`)
  }
  return missed
}
