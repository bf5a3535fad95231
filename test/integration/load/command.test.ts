import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { readLoadArguments } from '../../../src/cli/load-arguments.ts'
import { runLoadCommand } from '../../../src/cli/load-command.ts'
import { LoadReport } from '../../../src/load/report/load-report.ts'
import { closedPort } from '../../support/closed-port.ts'
import { OtlpSink } from '../../support/otlp-sink.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { startGateway } from '../../support/start-gateway.ts'

interface Options {
  readonly environment?: Readonly<Record<string, string>>
  readonly isTTY?: boolean
}

/** Runs the command in this process and keeps what it prints. */
async function run(argv: readonly string[], { environment = {}, isTTY = false }: Options = {}) {
  const settings = readLoadArguments(argv)
  if ('problem' in settings) throw new Error(settings.problem)
  const printed = { stdout: '', stderr: '' }
  const into = (stream: keyof typeof printed) => ({
    isTTY,
    write: (text: string) => {
      printed[stream] += text
      return true
    },
  })
  const status = await runLoadCommand({
    settings,
    environment,
    stdout: into('stdout'),
    stderr: into('stderr'),
    signal: new AbortController().signal,
  })
  return { status, ...printed }
}

const brief = ['ping', '--runs', '2', '--iterations', '5']

test('--json prints exactly one object, as its schema says, and nothing else anywhere', async () => {
  await using gateway = await startGateway()
  const targets = ['--target', `a=${gateway.url}`, '--target', `b=${gateway.url}`]
  const { status, stdout, stderr } = await run([...brief, ...targets, '--json'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^\{.*\}\n$/)
  const report = LoadReport.parse(JSON.parse(stdout))
  expect(report).toMatchObject({ scenario: 'ping', missed: [] })
  expect(report.targets.map(({ name }) => name)).toEqual(['a', 'b'])
  for (const target of report.targets) {
    expect(target.runs).toHaveLength(2)
    for (const figures of [target, ...target.runs]) {
      const { p50Ms, p95Ms, p99Ms, maxMs, perSecond, errors } = figures
      for (const figure of [p50Ms, p95Ms, p99Ms, maxMs, perSecond]) expect(figure).toBeGreaterThan(0)
      expect(errors).toBe(0)
    }
  }
})

test('without options a table is printed, with --markdown one for a wiki', async () => {
  await using gateway = await startGateway()
  const target = ['--target', `a=${gateway.url}`]
  const { stdout: text } = await run([...brief, ...target])
  expect(text).toMatch(/^ping: 2 runs of 5 operations, closed loop of 1 worker\n\ntarget +p50/)
  const { stdout: markdown } = await run([...brief, ...target, '--markdown'])
  expect(markdown).toContain('| target | p50 |')
})

test('--html writes a file that needs nothing else', async () => {
  await using gateway = await startGateway()
  using folder = new ScratchFolder()
  const file = join(folder.path, 'report.html')
  await run([...brief, '--target', `a=${gateway.url}`, '--html', file])
  const html = readFileSync(file, 'utf8')
  expect(html).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
  expect(html).not.toContain(gateway.url)
})

describe('thresholds', () => {
  it('that are kept end with status 0', async () => {
    await using gateway = await startGateway()
    const kept = ['--max-p95', '1h', '--max-errors', '0', '--min-rate', '0.001']
    await expect(run([...brief, '--target', `a=${gateway.url}`, ...kept])).resolves.toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  it('that are missed end with status 1, a sentence each, and the results all the same', async () => {
    await using gateway = await startGateway()
    const missed = ['--max-p50', '0.001us', '--min-rate', '10000000', '--json']
    const { status, stdout, stderr } = await run([...brief, '--target', `a=${gateway.url}`, ...missed])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^execgate: a: p50 is .*\nexecgate: a: .* operations in a second, fewer than 10000000\n$/)
    expect(LoadReport.parse(JSON.parse(stdout)).missed).toHaveLength(2)
  })
})

test('a report that cannot be written is refused before anything is measured', async () => {
  using folder = new ScratchFolder()
  const html = join(folder.path, 'missing', 'report.html')
  await expect(run([...brief, '--target', `a=ws://${await closedPort()}`, '--html', html])).rejects.toMatchObject({
    code: 'ENOENT',
  })
})

test('an earlier report stays when nothing can be measured, and is replaced otherwise', async () => {
  using folder = new ScratchFolder()
  const html = folder.write('report.html', 'earlier'.repeat(100_000))
  const nobody = `a=ws://${await closedPort()}`
  await expect(run([...brief, '--target', nobody, '--html', html])).rejects.toThrow('cannot be measured')
  expect(readFileSync(html, 'utf8')).toMatch(/^earlier/)
  await using gateway = await startGateway()
  await run([...brief, '--target', `a=${gateway.url}`, '--html', html])
  expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
})

test('progress is shown on a terminal only', async () => {
  await using gateway = await startGateway()
  const argv = [...brief, '--target', `a=${gateway.url}`, '--json']
  const { stdout, stderr } = await run(argv, { isTTY: true })
  expect(stderr).toContain('█ 100 % a')
  expect(() => JSON.parse(stdout)).not.toThrow()
  await expect(run(argv)).resolves.toMatchObject({ stderr: '' })
})

describe('with a collector', () => {
  it('sends what it measured, under the names it was given', async () => {
    await using gateway = await startGateway()
    await using sink = await OtlpSink.open()
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = sink.url
    try {
      await run([...brief, '--target', `a=${gateway.url}`], { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url } })
    } finally {
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
    }
    const subject = { scenario: 'ping', target: 'a' }
    expect(sink.sum('exec_server_load_operations_total', { ...subject, result: 'success' })).toBe(10)
    expect(sink.sum('exec_server_load_operations_total', { ...subject, result: 'error' })).toBe(0)
    expect(sink.sum('exec_server_load_latency_seconds', subject)).toBe(10)
    expect(sink.latest('exec_server_load_run_operations_per_second', subject)).toBeGreaterThan(0)
    for (const statistic of ['p50', 'p95', 'p99', 'max']) {
      expect(sink.latest('exec_server_load_run_latency_seconds', { ...subject, statistic })).toBeGreaterThan(0)
    }
    expect(sink.resources[0]).toMatchObject({ 'service.name': 'execgate-load' })
    expect(sink.bodies.join('')).not.toContain(new URL(gateway.url).host)
  })

  it('that is named wrongly says so, and measures all the same', async () => {
    await using gateway = await startGateway()
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'nonsense' }
    const { status, stderr } = await run([...brief, '--target', `a=${gateway.url}`], { environment })
    expect(status).toBe(0)
    expect(stderr).toBe('execgate: OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL; no metrics are exported\n')
  })
})
