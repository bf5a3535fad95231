import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../../dashboards/', import.meta.url)

/** A panel of a dashboard as Grafana reads it. */
export interface PanelJson {
  readonly type: 'row' | 'stat' | 'timeseries'
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string
      readonly thresholds: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] }
    }
  }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

export interface DashboardJson {
  readonly uid: string
  readonly title: string
  readonly panels: readonly PanelJson[]
}

/** The committed dashboards. */
export function readDashboards(): DashboardJson[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .map(name => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as DashboardJson)
}

/** A query as Grafana fills it in when everything is chosen. */
export function filledIn(expr: string, rateInterval = '5m'): string {
  return expr.replaceAll(/"\$(?:job|instance)"/g, '".+"').replaceAll('$__rate_interval', rateInterval)
}
