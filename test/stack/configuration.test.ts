import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { isInstalled } from '../support/installed-programs.ts'
import { collectorBinary } from './support/pipeline.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

function run(file: string, ...argv: string[]): string {
  return execFileSync(file, argv, { cwd: root, encoding: 'utf8' })
}

it('has a collector configuration that the collector itself accepts', () => {
  expect(run(collectorBinary(), 'validate', '--config', 'otel-collector.yaml')).toBe('')
})

it.skipIf(!isInstalled('docker-compose'))('has a compose file that is one', () => {
  expect(run('docker-compose', 'config', '--services').split('\n').toSorted()).toEqual([
    '',
    'alertmanager',
    'collector',
    'gateway',
    'grafana',
    'loki',
    'prometheus',
    'tempo',
  ])
})

it.skipIf(!isInstalled('amtool'))('has routes that Alertmanager accepts', () => {
  expect(run('amtool', 'check-config', 'deploy/alertmanager/alertmanager.yml')).toContain('SUCCESS')
})

it.skipIf(!isInstalled('promtool'))('has a configuration of Prometheus that it accepts', () => {
  // The rules are looked for where the container has them; they have a test of their own.
  expect(run('promtool', 'check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml')).toContain('SUCCESS')
})
