import { loadMetrics } from '../src/telemetry/load-metrics.ts'
import type { MetricDefinition } from '../src/telemetry/metric.ts'
import type { Dashboard, Panel } from './panels.ts'
import { chosen } from './queries.ts'

const { latency, operations, runLatency, runRate } = loadMetrics
const subject = 'scenario, target'
const legend = '{{scenario}} {{target}}'

const series = ({ name }: MetricDefinition, { suffix = '', matchers = '' } = {}) =>
  `${name}${suffix}{${chosen}${matchers}}`

const quantile = (share: number) =>
  `histogram_quantile(${share}, sum by (le, ${subject}) (rate(${series(latency, { suffix: '_bucket' })}[$__rate_interval])))`

const panel = (title: string, description: string, unit: string, expr: string, shown = legend): Panel => ({
  title,
  description,
  unit,
  targets: [{ expr, legend: shown }],
})

const ofLastRun = (statistic: string, title: string, description: string): Panel => ({
  ...panel(
    title,
    description,
    's',
    `max by (${subject}) (${series(runLatency, { matchers: `,statistic="${statistic}"` })})`,
  ),
  kind: 'stat',
  width: 6,
})

/** What load tests say of the gateways they measure, beside what these say of themselves. */
export const loadGenerator: Dashboard = {
  uid: 'execgate-load',
  title: 'execgate 7 · Load generator',
  description: 'Results of execgate load as the client sees them, by scenario and target.',
  chosenFrom: operations.name,
  rows: [
    {
      title: 'Last run',
      panels: [
        ofLastRun('p50', 'p50 of the last run', 'Half of the operations took no longer; exact, not from buckets.'),
        ofLastRun('p95', 'p95 of the last run', 'All but a twentieth took no longer; exact, not from buckets.'),
        ofLastRun('p99', 'p99 of the last run', 'All but a hundredth took no longer; exact, not from buckets.'),
        ofLastRun('max', 'Slowest of the last run', 'The slowest operation.'),
      ],
    },
    {
      title: 'Latency',
      panels: [
        panel('p50', 'Of successful operations; at a constant rate since they were due.', 's', quantile(0.5)),
        panel('p95', 'Of successful operations; at a constant rate since they were due.', 's', quantile(0.95)),
        panel('p99', 'Of successful operations; at a constant rate since they were due.', 's', quantile(0.99)),
      ],
    },
    {
      title: 'Throughput and errors',
      panels: [
        panel(
          'Operations',
          'In a second, by result.',
          'ops',
          `sum by (${subject}, result) (rate(${series(operations)}[$__rate_interval]))`,
          `${legend} {{result}}`,
        ),
        panel(
          'Share of errors',
          'Operations that failed, of all.',
          'percentunit',
          `sum by (${subject}) (rate(${series(operations, { matchers: ',result="error"' })}[$__rate_interval])) / ` +
            `sum by (${subject}) (rate(${series(operations)}[$__rate_interval]))`,
        ),
        panel(
          'Operations of the last run',
          'In a second, successful ones.',
          'ops',
          `max by (${subject}) (${series(runRate)})`,
        ),
      ],
    },
  ],
}
