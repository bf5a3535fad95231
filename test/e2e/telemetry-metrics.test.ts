import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { metrics } from '../../src/telemetry/catalogue.ts'
import { metricKeys } from '../../src/telemetry/instruments.ts'
import { isInstalled } from '../support/installed-programs.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { Program } from '../support/program.ts'

function exporting(sink: OtlpSink, more: Record<string, string> = {}): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_METRIC_EXPORT_INTERVAL: '100', ...more }
}

test('every total that is sent adds up to the truth, over idle cycles too', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  for (const [index, code] of [0, 3, 0].entries()) {
    await peer.run(`p${index}`, `echo hi; exit ${code}`)
    const seen = sink.exports.length
    // Cycles in which nothing happens must change nothing.
    await sink.until(() => sink.exports.length >= seen + 3)
  }
  await expect(peer.call('process/read', { processId: 'nobody' })).rejects.toThrow('unknown process id')
  const isComplete = () => sink.sum('exec_server_requests_total', { method: 'process/read', result: 'error' }) === 1
  await sink.until(isComplete)
  expect(sink.sum('exec_server_requests_total', { method: 'process/start', result: 'success' })).toBe(3)
  expect(sink.sum('exec_server_processes_finished_total', { result: 'success' })).toBe(2)
  expect(sink.sum('exec_server_processes_finished_total', { result: 'error' })).toBe(1)
  expect(sink.sum('exec_server_process_duration_seconds')).toBe(3)
  expect(sink.sum('exec_server_request_duration_seconds', { method: 'process/start' })).toBe(3)
  expect(sink.sum('exec_server_output_bytes_total', { stream: 'stdout' })).toBe(9)
  expect(sink.points('exec_server_requests_total').every(({ temporality }) => temporality === 1)).toBe(true)
})

test('every export tells the state, zeros included, as integers', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  await peer.start('p', ['sleep', '60'], { env: { PATH: '/usr/bin:/bin' } })
  await sink.until(() => sink.latest('exec_server_processes_active') === 1)
  const seen = sink.exports.length
  await sink.until(() => sink.exports.length >= seen + 3)
  for (const points of sink.exports.slice(seen)) {
    const connections = points.filter(({ name }) => name === 'exec_server_connections_active')
    expect(Object.fromEntries(connections.map(({ attributes, value }) => [attributes['transport'], value]))).toEqual({
      relay: 0,
      stdio: 0,
      websocket: 1,
    })
    expect(connections.every(({ isInteger }) => isInteger)).toBe(true)
    expect(points.filter(({ name }) => name === 'exec_server_processes_active')).toMatchObject([
      { value: 1, isInteger: true, attributes: {} },
    ])
  }
  expect(sink.resources[0]).toMatchObject({
    'service.name': 'execgate',
    'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
  })
})

test('the last export after the end of standard input shows that nothing is left', async () => {
  await using sink = await OtlpSink.open()
  await using program = Program.start(['exec-server', '--listen', 'stdio'], {
    env: exporting(sink, { OTEL_METRIC_EXPORT_INTERVAL: '60000' }),
  })
  const lines = [
    { id: 1, method: 'initialize', params: { clientName: 'test' } },
    { method: 'initialized' },
    {
      id: 2,
      method: 'process/start',
      params: { processId: 'p', argv: ['/bin/cat'], cwd: 'file:///', env: {}, tty: false, pipeStdin: true },
    },
  ]
  for (const line of lines) program.stdin.write(`${JSON.stringify(line)}\n`)
  await program.printed.contains('"id":2')
  program.stdin.end()
  expect(await program.ended).toMatchObject({ status: 0 })
  expect(sink.exports).toHaveLength(1)
  expect(sink.latest('exec_server_connections_active', { transport: 'stdio' })).toBe(0)
  expect(sink.latest('exec_server_processes_active')).toBe(0)
  expect(sink.sum('exec_server_connections_total', { transport: 'stdio' })).toBe(1)
  expect(sink.sum('exec_server_processes_finished_total', { result: 'terminated' })).toBe(1)
})

test('exports that were refused arrive later, in order and once', async () => {
  await using sink = await OtlpSink.open()
  let refusals = 0
  sink.verdict = () => {
    refusals += 1
    return refusals <= 3 ? 400 : undefined
  }
  await using program = await Program.listening(['exec-server', '--log-level', 'warn'], { env: exporting(sink) })
  const peer = await program.connect()
  for (let index = 0; index < 5; index++) expect((await peer.run(`p${index}`, 'true')).exitCode).toBe(0)
  const failures = () => sink.sum('exec_server_telemetry_exports_total', { signal: 'metrics', result: 'failure' })
  // What was collected before the last refusal does not tell of it.
  await sink.until(() => sink.sum('exec_server_processes_finished_total') >= 5 && failures() >= 3)
  const seen = sink.exports.length
  await sink.until(() => sink.exports.length >= seen + 2)
  expect(sink.sum('exec_server_processes_finished_total')).toBe(5)
  expect(sink.sum('exec_server_process_duration_seconds')).toBe(5)
  expect(failures()).toBe(3)
  await program.logged.contains('cannot be exported')
  expect(program.logged.text.match(/cannot be exported/g)).toHaveLength(1)
})

test('what a collector does not take counts as lost, and the log says so once', async () => {
  await using sink = await OtlpSink.open()
  sink.verdict = () => 'in part'
  await using program = await Program.listening(['exec-server', '--log-level', 'warn'], { env: exporting(sink) })
  await sink.until(() => sink.sum('exec_server_telemetry_dropped_total', { signal: 'metrics' }) >= 3)
  await program.logged.contains('the collector rejects a part of the metrics')
  expect(program.logged.text.match(/the collector rejects a part of the metrics/g)).toHaveLength(1)
})

test.each(['hang', 'garbage', 503, 429, 500] as const)('a collector that answers %s disturbs nobody', async verdict => {
  await using sink = await OtlpSink.open()
  sink.verdict = () => verdict
  await using program = await Program.listening(['serve', '--listen', 'ws://127.0.0.1:0'], { env: exporting(sink) })
  const peer = await program.connect()
  for (let index = 0; index < 5; index++) expect((await peer.run(`p${index}`, 'exit 4')).exitCode).toBe(4)
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0 })
})

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'not a url'],
  ['OTEL_METRIC_EXPORT_INTERVAL', 'often'],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '-1'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'pigeon'],
  ['OTEL_TRACES_SAMPLER', 'dice'],
  ['OTEL_PROPAGATORS', 'pigeons'],
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', '/nowhere.pem'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
])('a broken %s is named in the log and stops nothing', async (name, value) => {
  await using sink = await OtlpSink.open()
  const env = exporting(sink, { [name]: value })
  await using program = await Program.listening(['serve', '--listen', 'ws://127.0.0.1:0'], { env })
  const peer = await program.connect()
  expect((await peer.run('p', 'exit 4')).exitCode).toBe(4)
  program.signal('SIGTERM')
  const { status, stdout, stderr } = await program.ended
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ws:\/\/[\d.:]+\n$/)
  expect(stderr).toContain('"level":40')
})

test('nothing is loaded or served when telemetry is off', async () => {
  const env = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  await using program = await Program.listening(['serve', '--listen', 'ws://127.0.0.1:0'], { env })
  expect(await program.statusOf('/metrics')).toBe(404)
  expect((await (await program.connect()).run('p', 'true')).exitCode).toBe(0)
})

test('exec-server shows its metrics where it is told to, without a collector', async () => {
  await using program = await Program.listening(['exec-server', '--admin-listen', '127.0.0.1:0', '--log-level', 'info'])
  await program.logged.contains(/"msg":"operators are served"/)
  const [, url = ''] = /"url":"([^"]+)"/.exec(program.logged.text) ?? []
  expect((await (await program.connect()).run('p', 'true')).exitCode).toBe(0)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('exec_server_processes_finished_total{result="success"} 1\n')
  expect(await program.statusOf('/metrics')).toBe(404)
})

/** Labels of every line of the metrics page. */
function samplesOf(page: string): { name: string; labels: Record<string, string> }[] {
  const lines = page.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return lines.map(line => {
    const [, name = '', labels = ''] = /^(exec_server_[a-z_]+)(?:\{([^}]*)\})? -?[\d.e+-]+$/.exec(line) ?? []
    expect(name, line).not.toBe('')
    const pairs = Array.from(labels.matchAll(/([a-z_]+)="([^"]*)"/g), ([, key = '', value = '']) => [key, value])
    return { name, labels: Object.fromEntries(pairs) as Record<string, string> }
  })
}

test('the metrics page is what Prometheus reads, and hostile input cannot make it grow', async () => {
  await using program = await Program.listening(['serve', '--listen', 'ws://127.0.0.1:0'])
  const page = async () => await fetch(`${program.url.replace('ws', 'http')}/metrics`)
  await (await program.connect()).run('p', 'true')
  const peer = await program.connect()
  for (let index = 0; index < 100; index++) {
    await peer.request(`method/${index}`, { processId: `p${index}` })
    await peer.request('process/start', {
      processId: `q${index}`,
      argv: [`/nowhere/${index}`],
      cwd: 'file:///',
      env: {},
    })
    await peer.request('process/signal', { processId: `p${index}`, signal: `signal${index}` })
  }
  await using stranger = await program.connect()
  stranger.socket.send(`{"method":"${'x'.repeat(300)}"}`)
  await stranger.closed

  const answer = await page()
  expect(answer.headers.get('content-type')).toContain('version=0.0.4')
  const text = await answer.text()
  if (isInstalled('promtool')) execFileSync('promtool', ['check', 'metrics'], { input: text })
  const samples = samplesOf(text)
  expect(samples.length).toBeLessThan(5000)
  const allowed = new Map(
    metricKeys.map(key => [metrics[key].name, metrics[key].attributes as Record<string, readonly string[]>]),
  )
  for (const { name, labels } of samples) {
    const attributes = allowed.get(name) ?? allowed.get(name.replace(/_(bucket|count|sum)$/, ''))
    expect(attributes, name).toBeDefined()
    for (const [label, value] of Object.entries(labels)) {
      // What the program is and the bounds of histograms are not chosen by anybody who connects.
      if (name === 'exec_server_build_info' || label === 'le') continue
      expect(attributes?.[label], `${name} ${label}="${value}"`).toContain(value)
    }
  }
})
