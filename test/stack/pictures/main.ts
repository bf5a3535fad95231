#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from '../../../bench/support/client.ts'
import { Server } from '../../../bench/support/server.ts'
import { Pipeline } from '../support/pipeline.ts'
import { filledIn, type PanelJson, readDashboards } from './dashboard-json.ts'
import { drawDashboard, type Series } from './drawing.ts'

/** Draws every dashboard as it looks after two gateways have been busy for a while, into `docs/img`. */

const busySeconds = Number(process.argv[2] ?? 150)
const folder = new URL('../../../docs/img/', import.meta.url)

/** Everything a panel may show: short commands, terminals, much output, polls, mistakes, a slow reader. */
async function beBusy(server: Server, until: number): Promise<void> {
  const [one, two, stuck] = [await server.connect(), await server.connect(), await server.connect()]
  const held = await stuck.start(['/usr/bin/yes'])
  held.closed.catch(() => {})
  stuck.stopReading()
  while (performance.now() < until) {
    await Promise.all([
      one.timeOneShot(),
      two.timeOneShot(),
      talk(one, '20000'),
      fail(two),
      one.start(['/bin/sh', '-c', `sleep 0.${Math.floor(Math.random() * 9)}; exit ${Math.floor(Math.random() * 3)}`]),
    ])
    await delay(40 + 60 * Math.random())
  }
}

async function talk(client: Client, lines: string): Promise<void> {
  const { closed } = await client.start(['/usr/bin/seq', lines])
  await closed
}

/** Refused, as some requests are. */
async function fail(client: Client): Promise<void> {
  await client.call('process/read', { processId: 'nobody' }).catch(() => {})
}

async function seriesOf(
  pipeline: Pipeline,
  panel: PanelJson,
  range: { start: number; end: number },
): Promise<Series[]> {
  const found = await Promise.all(
    (panel.targets ?? []).map(async ({ expr, legendFormat }) => {
      const query = new URLSearchParams({
        query: filledIn(expr, '15s'),
        start: String(range.start),
        end: String(range.end),
        step: '2',
      })
      const response = await fetch(`${pipeline.prometheusUrl}/api/v1/query_range?${query.toString()}`)
      const { data } = (await response.json()) as {
        data?: { result: { metric: Record<string, string>; values: [number, string][] }[] }
      }
      return (data?.result ?? []).map(({ metric, values }) => ({
        name: legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => metric[name] ?? ''),
        points: values.map(([at, value]) => [at, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
      }))
    }),
  )
  return found.flat().filter(({ points }) => points.length > 0)
}

await using pipeline = await Pipeline.start({ stateExpiration: '10s' })
const variables = (instance: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.endpoint,
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${instance}`,
  EXECGATE_CENSUS: '1s',
})
await using first = await Server.startGateway(variables('gateway-1'))
await using second = await Server.startGateway(variables('gateway-2'))
const start = Date.now() / 1000
const until = performance.now() + busySeconds * 1000
await Promise.all([beBusy(first, until), beBusy(second, until)])
const range = { start: start + 15, end: Date.now() / 1000 }
mkdirSync(folder, { recursive: true })
for (const dashboard of readDashboards()) {
  const series = new Map<PanelJson, readonly Series[]>()
  for (const panel of dashboard.panels) series.set(panel, await seriesOf(pipeline, panel, range))
  const { png } = drawDashboard(dashboard, panel => series.get(panel) ?? [])
  writeFileSync(new URL(`${dashboard.uid}.png`, folder), png)
  const silent = dashboard.panels.filter(panel => panel.type !== 'row' && series.get(panel)?.length === 0)
  process.stdout.write(`${dashboard.uid}.png; without data: ${silent.map(({ title }) => title).join(', ') || 'none'}\n`)
}
