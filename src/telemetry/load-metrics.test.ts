import { expect, it } from 'vitest'
import { metrics } from './catalogue.ts'
import { loadMetrics } from './load-metrics.ts'
import { type MetricDefinition, seriesBound } from './metric.ts'

/** Eight targets in two ways. */
const mostArms = 16

const definitions: readonly MetricDefinition[] = Object.values(loadMetrics)

it('have names that no gateway uses', () => {
  const gatewayNames = new Set<string>(Object.values(metrics).map(({ name }) => name))
  for (const { name } of definitions) {
    expect(name).toMatch(/^exec_server_load_[a-z_]+$/)
    expect(gatewayNames.has(name)).toBe(false)
  }
})

it('are told apart by scenario and target, and by nothing that could be an address', () => {
  for (const { attributes, identity } of definitions) {
    expect(attributes['scenario']).toContain('one-shot')
    expect(identity).toEqual(['target'])
  }
})

it('stay within the budget of series of one instance, a test having one scenario', () => {
  const scenarios = loadMetrics.latency.attributes.scenario.length
  const most = definitions.reduce((sum, definition) => sum + (seriesBound(definition) / scenarios) * mostArms, 0)
  expect(most).toBeLessThan(5000)
})
