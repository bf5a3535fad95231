import { requestBuckets } from './catalogue.ts'
import { counter, gauge, histogram } from './metric.ts'

export const scenarioNames = [
  'one-shot',
  'ping',
  'stream',
  'echo',
  'idle',
  'reconnect',
  'slow-consumer',
  'soak',
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export const operationResults = ['success', 'error'] as const
export const runStatistics = ['p50', 'p95', 'p99', 'max'] as const

/**
 * Every metric of a load test, which is a program of its own: a gateway emits none of them. `target` is the name that was given
 * on the command line, never an address; at most eight are compared in two ways.
 */
export const loadMetrics = {
  latency: histogram('exec_server_load_latency_seconds', {
    unit: 's',
    attributes: { scenario: scenarioNames },
    identity: ['target'],
    buckets: requestBuckets,
    help: 'How long successful operations of a load test took; at a constant rate since they were due.',
  }),
  operations: counter('exec_server_load_operations_total', {
    attributes: { scenario: scenarioNames, result: operationResults },
    identity: ['target'],
    help: 'Operations of a load test.',
  }),
  runLatency: gauge('exec_server_load_run_latency_seconds', {
    unit: 's',
    isInteger: false,
    attributes: { scenario: scenarioNames, statistic: runStatistics },
    identity: ['target'],
    help: 'Exact percentiles of the last run that is over.',
  }),
  runRate: gauge('exec_server_load_run_operations_per_second', {
    isInteger: false,
    attributes: { scenario: scenarioNames },
    identity: ['target'],
    help: 'Successful operations in a second, of the last run that is over.',
  }),
} as const
