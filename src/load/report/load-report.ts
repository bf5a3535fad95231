import { z } from 'zod'
import { scenarioNames } from '../../telemetry/load-metrics.ts'
import { phases } from '../operation.ts'
import { completions } from '../scenario.ts'

const milliseconds = z.number().nonnegative()
/** Null where no operation succeeded. */
const latency = milliseconds.nullable()
const interval = z.strictObject({ low: z.number(), high: z.number() })

const figures = {
  p50Ms: latency.describe('Half of the successful operations took no longer.'),
  p95Ms: latency,
  p99Ms: latency,
  maxMs: latency,
  perSecond: z.number().nonnegative().describe('Successful operations in a second.'),
  errors: z.int().nonnegative().describe('Operations that failed, and what was left behind.'),
  phasesP50Ms: z.partialRecord(z.enum(phases), milliseconds).describe('Medians of parts of the operations.'),
}

const Run = z.strictObject(figures)

const ComparedTarget = z.strictObject({
  name: z.string(),
  completion: z.enum(completions),
  ...figures,
  errorKinds: z.record(z.string(), z.int().positive()),
  firstErrors: z.record(z.string(), z.string()).describe('What the first error of each kind said.'),
  generatorLateP99Ms: latency.describe(
    'How late the load generator itself began operations, in the worst run; null where it never had to wait for one.',
  ),
  confidence95: z
    .strictObject({
      p50Ms: interval.nullable(),
      p95Ms: interval.nullable(),
      p99Ms: interval.nullable(),
      perSecond: interval.nullable(),
    })
    .describe('Bootstrap over runs; null with fewer than two.'),
  change: z
    .strictObject({
      p50: z.number().describe('-0.25: a quarter less than the first target.'),
      p50Confidence95: interval.nullable(),
      p95: z.number(),
      p95Confidence95: interval.nullable(),
    })
    .nullable()
    .describe('Against the first target; null for that one, or where nothing succeeded.'),
  runs: z.array(Run),
})

/** The results of a load test: what `--json` prints. Latencies are milliseconds. */
export const LoadReport = z.strictObject({
  scenario: z.enum(scenarioNames),
  loop: z.enum(['open', 'closed']).describe('open: at a constant rate; closed: each worker when it is free.'),
  ratePerSecond: z.number().positive().nullable(),
  concurrency: z.int().positive(),
  iterations: z.int().positive().nullable().describe('Operations of each run.'),
  durationMs: milliseconds.nullable().describe('Length of each run.'),
  rttMs: milliseconds.describe('Round trip that was simulated in front of the targets.'),
  targets: z
    .array(ComparedTarget)
    .min(1)
    .describe('Latencies and rates: medians of the runs; maxMs: the largest; errors: the sum.'),
  missed: z.array(z.string()).describe('A sentence for each threshold that was missed.'),
})

export type LoadReport = z.infer<typeof LoadReport>
export type ComparedTarget = z.infer<typeof ComparedTarget>
export type RunFigures = z.infer<typeof Run>
