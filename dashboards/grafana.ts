import { metrics } from '../src/telemetry/catalogue.ts'
import type { Dashboard, Panel } from './panels.ts'

const height = { timeseries: 8, stat: 4 } as const
const columns = 24
const source = { type: 'prometheus', uid: '${datasource}' }

/** Classic JSON, which file provisioning understands. Rows of panels, from left to right and top to bottom. */
export function grafanaJson(dashboard: Dashboard, all: readonly Dashboard[]): string {
  const panels: object[] = []
  let id = 0
  let top = 0
  for (const row of dashboard.rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: top, w: columns, h: 1 },
    })
    top += 1
    let left = 0
    let tallest = 0
    for (const panel of row.panels) {
      const { width = 8, kind = 'timeseries' } = panel
      if (left + width > columns) {
        top += tallest
        left = 0
        tallest = 0
      }
      panels.push({ id: ++id, gridPos: { x: left, y: top, w: width, h: height[kind] }, ...panelJson(panel, kind) })
      left += width
      tallest = Math.max(tallest, height[kind])
    }
    top += tallest
  }
  const { uid, title, description } = dashboard
  const content = {
    uid,
    title,
    description,
    schemaVersion: 42,
    tags: ['execgate'],
    editable: false,
    graphTooltip: 1,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables(dashboard.chosenFrom) },
    annotations: { list: [] },
    links: links(all.filter(other => other !== dashboard)),
    panels,
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

function panelJson({ title, description, unit, targets, threshold }: Panel, kind: 'timeseries' | 'stat'): object {
  const steps = [
    { color: 'green', value: null },
    ...(threshold === undefined ? [] : [{ color: 'red', value: threshold }]),
  ]
  return {
    type: kind,
    title,
    description,
    datasource: source,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: { mode: 'absolute', steps },
        ...(kind === 'timeseries' && {
          custom: {
            thresholdsStyle: { mode: threshold === undefined ? 'off' : 'line' },
            fillOpacity: 10,
            showPoints: 'never',
            // What keeps far below its threshold is not magnified into a mountain range.
            ...(threshold !== undefined && { axisSoftMax: 2 * threshold }),
          },
        }),
      },
      overrides: [],
    },
    options:
      kind === 'stat'
        ? {
            reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
            colorMode: 'value',
            graphMode: 'area',
          }
        : {
            legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
            tooltip: { mode: 'multi', sort: 'desc' },
          },
    targets: targets.map(({ expr, legend }, index) => ({
      refId: 'ABCDEFGH'.charAt(index),
      datasource: source,
      expr,
      legendFormat: legend,
      exemplar: false,
    })),
  }
}

const variables = (chosenFrom = metrics.buildInfo.name) => [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
  ...(['job', 'instance'] as const).map(name => ({
    name,
    label: name === 'job' ? 'Service' : 'Gateway',
    type: 'query',
    datasource: source,
    query: {
      query: `label_values(${chosenFrom}${name === 'instance' ? '{job=~"$job"}' : ''}, ${name})`,
      refId: name,
    },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { text: ['All'], value: ['$__all'] },
  })),
]

function links(others: readonly Dashboard[]): object[] {
  const link = (title: string, url: string) => ({
    title,
    url,
    type: 'link',
    icon: 'external link',
    targetBlank: false,
    keepTime: true,
    includeVars: true,
  })
  return [
    ...others.map(({ uid, title }) => link(title, `/d/${uid}`)),
    link('Traces', '/explore?left={"datasource":"tempo"}'),
    link('Logs', '/explore?left={"datasource":"loki"}'),
    link('Runbook', 'docs/runbook.md'),
  ]
}
