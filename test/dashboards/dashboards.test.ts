import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dashboards } from '../../dashboards/dashboards.ts'
import { grafanaJson } from '../../dashboards/grafana.ts'
import { metrics } from '../../src/telemetry/catalogue.ts'
import { metricKeys } from '../../src/telemetry/instruments.ts'
import { loadMetrics } from '../../src/telemetry/load-metrics.ts'
import type { MetricDefinition } from '../../src/telemetry/metric.ts'

const folder = new URL('../../dashboards/', import.meta.url)

interface GrafanaPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const panelsOf = (json: string) => (JSON.parse(json) as { panels: GrafanaPanel[] }).panels
const all = dashboards.map(dashboard => ({ name: dashboard.uid, json: grafanaJson(dashboard, dashboards) }))
const expressions = all.flatMap(({ json }) =>
  panelsOf(json).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
)

it('are committed as they are generated, and no others', () => {
  expect(
    readdirSync(folder)
      .filter(name => name.endsWith('.json'))
      .toSorted(),
  ).toEqual(dashboards.map(({ uid }) => `${uid}.json`).toSorted())
  for (const { name, json } of all) expect(readFileSync(new URL(`${name}.json`, folder), 'utf8')).toBe(json)
})

it('show every metric there is', () => {
  const shown = (definition: MetricDefinition) => expressions.some(expr => expr.includes(definition.name))
  expect(
    [...metricKeys.map((key): MetricDefinition => metrics[key]), ...Object.values(loadMetrics)]
      .filter(definition => !shown(definition))
      .map(({ name }) => name),
  ).toEqual([])
})

describe.each(all)('$name', ({ json }) => {
  const panels = panelsOf(json)
  const graphs = panels.filter(({ type }) => type !== 'row')

  it('explains every panel, with a unit and a legend', () => {
    for (const { title, description, fieldConfig, targets } of graphs) {
      expect(title).toMatch(/^[A-Z0-9p]/)
      expect(description, title).toMatch(/\.$/)
      expect(fieldConfig?.defaults.unit, title).not.toBe('')
      expect(targets?.length, title).toBeGreaterThan(0)
      for (const { legendFormat } of targets ?? []) expect(legendFormat, title).not.toBe('')
    }
  })

  it('asks for rates over what Grafana thinks right, and for totals only as rates', () => {
    for (const { targets = [] } of graphs) {
      for (const { expr } of targets) {
        for (const [, range] of expr.matchAll(/\[([^\]]+)\]/g)) expect(range).toBe('$__rate_interval')
        const bare = expr.replaceAll(/(?:rate|increase)\([^)]*\)/g, '')
        expect(bare, expr).not.toMatch(/_total\b|_bucket\b|_count\b/)
        expect(expr).toContain('job=~"$job",instance=~"$instance"')
        expect(expr.split('(').length, expr).toBe(expr.split(')').length)
      }
    }
  })

  it('shows labels in legends that the answer has', () => {
    for (const { targets = [], title } of graphs) {
      for (const { expr, legendFormat } of targets) {
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          expect(expr, title).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b[^)]*\\)`))
        }
      }
    }
  })

  it('places no panel over another, or beyond the edge', () => {
    const cells = new Set<string>()
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x} ${y}`)).toBe(false)
          cells.add(`${x} ${y}`)
        }
      }
    }
  })

  it('gives every panel a number of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })

  it('leaves the choice to the viewer and the content to the repository', () => {
    const content = JSON.parse(json) as {
      editable: boolean
      templating: { list: { name: string }[] }
      links: { title: string }[]
    }
    expect(content.editable).toBe(false)
    expect(content.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance'])
    expect(content.links.map(({ title }) => title)).toEqual(expect.arrayContaining(['Traces', 'Logs', 'Runbook']))
  })
})
