#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from '../../../bench/support/client.ts'
import { Server } from '../../../bench/support/server.ts'
import { Pipeline } from '../support/pipeline.ts'
import { filledIn, type PanelJson, readDashboards } from './dashboard-json.ts'
import { drawDashboard, type Series } from './drawing.ts'

/** Draws every dashboard as it looks after two gateways have been busy for a while, into `docs/img`. */

const busySeconds = Number(process.argv[2] ?? 150)
const launcher = fileURLToPath(new URL('../../../bin/execgate.js', import.meta.url))
const folder = new URL('../../../docs/img/', import.meta.url)

/** Everything a panel may show: short commands, terminals, much output, input, polls, mistakes, a slow reader. */
async function beBusy(server: Server, until: number, site: string): Promise<void> {
  const [one, two, stuck] = [await server.connect(), await server.connect(), await server.connect()]
  const held = await stuck.start(['/usr/bin/yes'])
  held.closed.catch(() => {})
  stuck.stopReading()
  for (let round = 0; performance.now() < until; round++) {
    const { closed } = await one.start(['/usr/bin/seq', '20000'])
    const sleeping = ['/bin/sh', '-c', `sleep 0.${random(9)}; exit ${random(3)}`] as const
    await Promise.all([closed, one.timeOneShot(), two.timeOneShot(), one.start([...sleeping]), fail(two)])
    if (round % 5 === 0) await converse(server, round, site)
    // What needs more memory than the gateway itself can be told apart from it.
    if (round % 100 === 0) await two.start(['/bin/sh', '-c', 'head -c 300000000 /dev/zero | tail'])
    await delay(40 + random(60))
  }
}

/** A short connection with a terminal that is written to, polled and terminated, a look at files, and a request over HTTP. */
async function converse(server: Server, round: number, site: string): Promise<void> {
  await using client = await Client.open(server.url)
  await client.call('http/request', { method: 'GET', url: site, requestId: 'r', headers: [] })
  await client.call('fs/readFile', { path: 'file:///etc/hostname' })
  await client.call('fs/open', { handleId: 'h', path: 'file:///etc/hostname' })
  const processId = `cat-${round}`
  await client.call('process/start', { processId, argv: ['/bin/cat'], cwd: 'file:///', env: {}, tty: true })
  const chunk = Buffer.from(`${round}\n`).toString('base64')
  const poll = client.call('process/read', { processId, waitMs: 1000 })
  await client.call('process/write', { processId, chunk, writeId: '1' })
  await client.call('process/write', { processId, chunk, writeId: '1' })
  await poll
  if (round % 2 === 0) await client.call('process/terminate', { processId })
  else await client.call('process/signal', { processId, signal: 'interrupt' })
}

/** Refused, as some requests are. */
async function fail(client: Client): Promise<void> {
  await client.call('process/read', { processId: 'nobody' }).catch(() => {})
}

/** One that goes on until it is disposed. */
function loadTest(url: string): Disposable {
  const pace = ['--rate', '5', '--duration', '10s', '--runs', '1000']
  const env = {
    PATH: process.env['PATH'],
    OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.endpoint,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  }
  const child = spawn(process.execPath, [launcher, 'load', 'one-shot', '--target', `gateway-1=${url}`, ...pace], {
    env,
    stdio: 'ignore',
  })
  return { [Symbol.dispose]: () => child.kill() }
}

function random(below: number): number {
  return Math.floor(Math.random() * below)
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
using _load = loadTest(first.url)
const site = `${pipeline.prometheusUrl}/-/ready`
await Promise.all([beBusy(first, until, site), beBusy(second, until, site)])
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
