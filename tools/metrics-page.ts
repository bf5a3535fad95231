import { writeFileSync } from 'node:fs'
import { metrics } from '../src/telemetry/catalogue.ts'
import { metricKeys } from '../src/telemetry/instruments.ts'
import { loadMetrics } from '../src/telemetry/load-metrics.ts'
import { type MetricDefinition, seriesBound } from '../src/telemetry/metric.ts'

/** Names of the reference server that are not emitted, and why. */
const leftOut: readonly (readonly [name: string, why: string])[] = [
  ['exec_server_remote_*', 'there is no remote registration yet'],
  ['codex.process.start', 'tells which program of the reference family was started; there is one here'],
  ['codex.shell_snapshot*', 'there are no shell snapshots yet'],
  ['exec_server_client_requests_total', 'belongs to a client'],
]

/** `docs/metrics.md`, which is generated: `npm run metrics-page`. */
export function metricsPage(): string {
  const definitions = metricKeys.map((key): MetricDefinition => metrics[key])
  const contract = definitions.filter(({ origin }) => origin !== 'own')
  const own = definitions.filter(({ origin }) => origin === 'own')
  const bound = definitions.reduce((sum, definition) => sum + seriesBound(definition), 0)
  return `# Metrics

Generated from \`src/telemetry/catalogue.ts\` by \`npm run metrics-page\`; a test compares.

The meter is called \`codex\`. Totals and histograms are exported as deltas, whatever the environment says; gauges are observed
at every export, zeros included. \`/metrics\` shows the same numbers as totals. Ids, commands, paths and output are never
attributes. One instance has at most ${bound} series.

## The telemetry contract

Names, attributes and values that the reference server emits too, from release 0.145 or, where it says so, a later one on.

${contract.map(section).join('\n')}
Not emitted:

${leftOut.map(([name, why]) => `- \`${name}\`: ${why}.`).join('\n')}

## Further metrics

${own.map(section).join('\n')}
## A load test

\`execgate load\` is a program of its own, with the service name \`execgate-load\`. A gateway emits none of these.

${Object.values(loadMetrics).map(section).join('\n')}`
}

function section({ name, instrument, unit, help, attributes, identity, buckets, origin }: MetricDefinition): string {
  const facts = [
    instrument,
    ...(unit === undefined ? [] : [unit === 's' ? 'seconds' : 'bytes']),
    ...(origin === 'later contract' ? ['not in release 0.145'] : []),
  ]
  const lines = [
    ...Object.entries(attributes).map(
      ([key, values]) => `- \`${key}\`: ${values.map(value => `\`${value}\``).join(', ')}`,
    ),
    ...identity.map(key => `- \`${key}\`: one value for each instance`),
    ...(buckets === undefined ? [] : [`- buckets: ${buckets.join(', ')}`]),
  ]
  return `### ${name}\n\n${help} (${facts.join(', ')})\n${lines.length === 0 ? '' : `\n${lines.join('\n')}\n`}`
}

if (import.meta.main) writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsPage())
