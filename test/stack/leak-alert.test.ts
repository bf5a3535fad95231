import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { daemonise } from '../support/daemonise.ts'
import { anyPort, Program } from '../support/program.ts'
import { Pipeline } from './support/pipeline.ts'

const rules = new URL('../../deploy/prometheus/rules/alerts.yml', import.meta.url)

/** Sessions end no sooner than a minute after their connection. */
const timeout = 240_000

it('pages about a process that has outlived its session until it is reaped', { timeout }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'execgate-rules-'))
  const impatient = join(folder.path, 'alerts.yml')
  writeFileSync(impatient, readFileSync(rules, 'utf8').replaceAll(/^( +for:) .*$/gm, '$1 0s'))
  await using pipeline = await Pipeline.start({ stateExpiration: '5s', rules: [impatient] })
  const census = ['--census', '1s', '--detached-session', '60s', '--leaks', 'reap', '--leak-grace', '15s']
  await using program = await Program.listening(['serve', ...anyPort, ...census], {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.endpoint, OTEL_METRIC_EXPORT_INTERVAL: '1000' },
  })
  const peer = await program.connect()
  using leaked = await daemonise(peer, 'p')
  await peer.cut()
  await program.logged.contains('session ended')

  const ownerless = 'exec_server_processes_leaked{reason="ownerless"}'
  expect(await pipeline.settled(ownerless, values => values['ownerless'] === 1, 'reason')).toEqual({ ownerless: 1 })
  const isFiring = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
    labels['alertname'] === 'ExecgateProcessesOwnerless'
  const firing = (await pipeline.alertsSettled(alerts => alerts.some(isFiring))).filter(isFiring)
  expect(firing).toMatchObject([
    {
      labels: { severity: 'page', reason: 'ownerless', job: 'execgate' },
      annotations: { runbook_url: 'docs/runbook.md#execgateprocessesownerless' },
    },
  ])
  expect(leaked.isAlive).toBe(true)

  await leaked.gone()
  expect((await pipeline.alertsSettled(alerts => !alerts.some(isFiring))).filter(isFiring)).toEqual([])
  const reaped = 'exec_server_orphans_reaped_total{reason="ownerless",result="success"}'
  expect(await pipeline.settled(reaped, values => values['ownerless'] === 1, 'reason')).toEqual({ ownerless: 1 })
})
