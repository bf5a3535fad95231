import { expect, it } from 'vitest'
import { metrics } from './catalogue.ts'
import { createInstruments, metricKeys } from './instruments.ts'
import { type MetricDefinition, seriesBound } from './metric.ts'

/** What one instance may cost in a time series database. */
const seriesBudget = 5000

const definitions: readonly MetricDefinition[] = metricKeys.map(key => metrics[key])

it('stays within the budget of series, whatever happens', () => {
  expect(definitions.reduce((sum, definition) => sum + seriesBound(definition), 0)).toBeLessThan(seriesBudget)
})

it('gives every metric a name of its own that tells its kind and unit', () => {
  expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length)
  for (const { name, instrument, unit } of definitions) {
    expect(name).toMatch(/^exec_server_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(instrument === 'counter')
    if (unit === 's') expect(name).toMatch(/_seconds(_total)?$/)
    if (unit === 'By') expect(name).toMatch(/_bytes(_total)?$/)
  }
})

it('explains every metric in one sentence', () => {
  for (const { name, help } of definitions) expect(help, name).toMatch(/^(?:\d|[A-Z])[^.]*\.$/)
})

it.each([
  ['exec_server_connections_active', 'gauge', { transport: ['relay', 'stdio', 'websocket'] }],
  ['exec_server_connections_total', 'counter', { transport: ['relay', 'stdio', 'websocket'] }],
  ['exec_server_processes_active', 'gauge', {}],
  ['exec_server_processes_finished_total', 'counter', { result: ['success', 'error', 'terminated', 'unknown'] }],
  ['exec_server_process_duration_seconds', 'histogram', { result: ['success', 'error', 'terminated', 'unknown'] }],
])('keeps the contract about %s', (name, instrument, attributes) => {
  const definition = definitions.find(candidate => candidate.name === name)
  expect(definition).toMatchObject({ instrument, origin: 'contract' })
  expect(definition?.attributes).toEqual(attributes)
})

it('counts requests by method and result, unknown methods under one name', () => {
  expect(metrics.requests.attributes.method).toContain('unknown')
  expect(metrics.requests.attributes.result).toEqual(['success', 'error', 'disconnected'])
})

it('has the bound of the latency objective as an exact bucket', () => {
  expect(metrics.requestDuration.buckets).toContain(0.25)
})

it('observes every combination of a counter, zeros included', () => {
  const { requests } = createInstruments()
  requests.add({ method: 'process/start', result: 'error' })
  requests.add({ method: 'process/start', result: 'error' }, 2)
  const observed = new Map<string, number>()
  requests.observe((value, { method, result }) => observed.set(`${method} ${result}`, value))
  const { method, result } = metrics.requests.attributes
  expect(observed.size).toBe(method.length * result.length)
  expect(observed.get('process/start error')).toBe(3)
  expect([...observed.values()].reduce((sum, value) => sum + value, 0)).toBe(3)
})

it('keeps what a histogram records before somebody listens, and hands on what comes later', () => {
  const { firstOutput } = createInstruments()
  const records: unknown[] = []
  firstOutput.record(1, { mode: 'pipes' })
  firstOutput.bind((value, { mode }) => records.push([value, mode]))
  firstOutput.record(2, { mode: 'terminal' })
  expect(records).toEqual([
    [1, 'pipes'],
    [2, 'terminal'],
  ])
})
