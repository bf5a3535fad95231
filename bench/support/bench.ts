import type { Server } from './server.ts'

/** One question about speed or memory, answered by running the program. */
export interface Bench {
  /** What `--only` knows it by. */
  readonly name: string
  run(context: BenchContext): Promise<readonly Finding[]>
}

export interface BenchContext {
  /** Absent when no reference program was named. */
  readonly startReference: (() => Promise<Server>) | undefined
}

export interface Quantity {
  readonly value: number
  readonly unit: 'ms' | 'µs' | '/s' | 'MB/s' | 'MiB' | 'KiB' | '×'
}

export interface Measurement extends Quantity {
  readonly label: string
}

/** Inclusive. The unit is that of the judged quantity. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number }

/** One row of the result. */
export interface Finding {
  readonly name: string
  readonly measured: readonly Measurement[]
  /** Nearly always a ratio of two measurements of this run. Absent when there was nothing to compare with. */
  readonly judged: Quantity | undefined
  readonly bound: Bound
}

export type Verdict = 'ok' | 'missed' | 'skipped (no reference)'

export function verdictOn({ judged, bound }: Finding): Verdict {
  if (judged === undefined) return 'skipped (no reference)'
  // Written so that NaN misses.
  const holds = 'atMost' in bound ? judged.value <= bound.atMost : judged.value >= bound.atLeast
  return holds ? 'ok' : 'missed'
}

export function ratio(dividend: number, divisor: number): Quantity {
  return { value: dividend / divisor, unit: '×' }
}
