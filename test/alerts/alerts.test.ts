import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { metrics } from '../../src/telemetry/catalogue.ts'
import { metricKeys } from '../../src/telemetry/instruments.ts'
import type { MetricDefinition } from '../../src/telemetry/metric.ts'
import { isInstalled } from '../support/installed-programs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rules = ['recording', 'alerts'].map(name => `deploy/prometheus/rules/${name}.yml`)
const text = rules.map(read).join('\n')
const tests = read('deploy/prometheus/tests/alerts.yml')
const runbook = read('docs/runbook.md')

/** Labels that are not ours: who sent it, and what Prometheus adds to histograms. */
const foreignLabels = new Set(['job', 'instance', 'le'])

interface Alert {
  readonly name: string
  readonly block: string
}

const alerts: Alert[] = text
  .split(/^ {6}- (?=alert:|record:)/m)
  .filter(block => block.startsWith('alert: '))
  .map(block => ({ name: /^alert: (\w+)$/m.exec(block)?.[1] ?? '', block }))

function read(path: string): string {
  return readFileSync(`${root}/${path}`, 'utf8')
}

/** The metric a name of Prometheus belongs to: a histogram has three names. */
function definitionOf(name: string): MetricDefinition | undefined {
  const definitions = metricKeys.map((key): MetricDefinition => metrics[key])
  return definitions.find(definition =>
    definition.instrument === 'histogram'
      ? ['_bucket', '_count', '_sum'].some(suffix => name === definition.name + suffix)
      : name === definition.name,
  )
}

/** `name{label="value"}` of every metric of ours in the expressions. */
function selectorsIn(expressions: string): { name: string; matchers: { label: string; values: string[] }[] }[] {
  return Array.from(
    expressions.matchAll(/(?<![\w:])(exec_server_\w+)(?:\{([^}]*)\})?/g),
    ([, name = '', inside = '']) => ({
      name,
      matchers: Array.from(inside.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"/g), ([, label = '', value = '']) => ({
        label,
        values: value.split('|'),
      })),
    }),
  )
}

function problemsOf(expressions: string): string[] {
  return selectorsIn(expressions).flatMap(({ name, matchers }) => {
    const definition = definitionOf(name)
    if (definition === undefined) return [`no metric is called ${name}`]
    return matchers.flatMap(({ label, values }) => {
      if (foreignLabels.has(label)) return []
      const known = definition.attributes[label]
      if (known === undefined) return [`${name} has no label ${label}`]
      return values.filter(value => !known.includes(value)).map(value => `${name}: ${label} is never ${value}`)
    })
  })
}

it('asks only for metrics, labels and values that exist', () => {
  expect(selectorsIn(text).length).toBeGreaterThan(40)
  expect(problemsOf(text)).toEqual([])
})

it.each([
  ['exec_server_nothing > 0', 'no metric is called exec_server_nothing'],
  ['exec_server_processes_leaked{colour="red"} > 0', 'exec_server_processes_leaked has no label colour'],
  ['exec_server_processes_leaked{reason=~"zombie|ghost"} > 0', 'exec_server_processes_leaked: reason is never ghost'],
])('notices what is wrong with %s', (expression, problem) => {
  expect(problemsOf(expression)).toEqual([problem])
})

describe.each(alerts)('$name', ({ name, block }) => {
  it('says how bad it is, what is the matter, and what to do', () => {
    expect(block).toMatch(/^ {8}for: \d+[mh]$/m)
    expect(block).toMatch(/severity: (page|ticket)\b/)
    expect(block).toMatch(/^ {10}summary: \S/m)
    expect(block).toMatch(/^ {10}description: >-\n {12}\S/m)
    expect(block).toContain(`runbook_url: docs/runbook.md#${name.toLowerCase()}\n`)
  })

  it('has a section in the runbook with three commands', () => {
    const section = runbook.split(/^## /m).find(part => part.startsWith(`${name}\n`))
    for (const part of ['**Symptom.**', '**Meaning.**', '**Cure.**']) expect(section).toContain(part)
    expect(
      /```\n([^`]*)```/
        .exec(section ?? '')?.[1]
        ?.trim()
        .split('\n'),
    ).toHaveLength(3)
  })

  it('is tested to be silent, to fire and to resolve', () => {
    const test = tests.split(/^ {2}- name: /m).find(part => part.startsWith(`${name}\n`)) ?? ''
    const samples = Array.from(test.matchAll(/exp_samples:\s*(\[[^\]]*\])/g), ([, expected]) => expected)
    expect(samples).toEqual(['[]', expect.stringContaining('value: 1'), '[]'])
  })
})

it.skipIf(!isInstalled('promtool'))('passes the checks and the unit tests of Prometheus', { timeout: 180_000 }, () => {
  const promtool = (...argv: string[]) => execFileSync('promtool', argv, { cwd: root, encoding: 'utf8' })
  expect(promtool('check', 'rules', ...rules)).toContain('SUCCESS')
  expect(promtool('test', 'rules', 'deploy/prometheus/tests/alerts.yml')).toContain('SUCCESS')
})
