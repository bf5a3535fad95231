import { expect, it, vi } from 'vitest'
import { Daemon } from './support/daemon.ts'
import { type Alert, freePorts, root } from './support/pipeline.ts'

const leak = { alertname: 'ExecgateProcessesOwnerless', severity: 'page', job: 'execgate', instance: 'a' }
const silence = { alertname: 'ExecgateTelemetryAbsent', severity: 'page', job: 'execgate', instance: 'b' }
const fastBurn = {
  alertname: 'ExecgateErrorBudgetBurnFast',
  severity: 'page',
  job: 'execgate',
  objective: 'availability',
}
const slowBurn = { ...fastBurn, alertname: 'ExecgateErrorBudgetBurnSlow', severity: 'ticket' }
const slowLatency = { ...slowBurn, alertname: 'ExecgateLatencyBudgetBurnSlow', objective: 'latency' }
const limit = { alertname: 'ExecgateLimitReached', severity: 'ticket', job: 'execgate', instance: 'a' }
const limitOfSilent = { ...limit, instance: 'b' }

it('keeps back what a page says already, and no more than that', async () => {
  const [port] = await freePorts(1)
  await using _alertmanager = await Daemon.start({
    file: 'prometheus-alertmanager',
    argv: folder => [
      `--config.file=${root}/deploy/alertmanager/alertmanager.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    readyUrl: `http://127.0.0.1:${port}/-/ready`,
  })
  const url = `http://127.0.0.1:${port}/api/v2/alerts`
  const firing = [leak, silence, fastBurn, slowBurn, slowLatency, limit, limitOfSilent]
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(firing.map(labels => ({ labels }))),
  })
  const told = async () => {
    const alerts = (await (await fetch(`${url}?inhibited=false`)).json()) as Alert[]
    return alerts.map(({ labels }) => `${labels['alertname']} ${labels['instance'] ?? ''}`.trimEnd()).toSorted()
  }
  // It takes a moment to compare them.
  await vi.waitUntil(async () => (await told()).length < firing.length - 1)
  expect(await told()).toEqual([
    'ExecgateErrorBudgetBurnFast',
    'ExecgateLatencyBudgetBurnSlow',
    'ExecgateLimitReached a',
    'ExecgateProcessesOwnerless a',
    'ExecgateTelemetryAbsent b',
  ])
})
