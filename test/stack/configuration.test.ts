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
