import { expect, test } from 'vitest'
import { OtlpSink, type SinkSpan } from '../support/otlp-sink.ts'
import { Program } from '../support/program.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const traceId = '0af7651916cd43dd8448eb211c80319c'

const SERVER = 2

function exporting(sink: OtlpSink): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BSP_SCHEDULE_DELAY: '50' }
}

/** The first span with the name, once it has arrived. */
async function arrived(
  sink: OtlpSink,
  name: string,
  matches: (span: SinkSpan) => boolean = () => true,
): Promise<SinkSpan> {
  const find = () => sink.spans.find(span => span.name === name && matches(span))
  await sink.until(() => find() !== undefined)
  return find() as SinkSpan
}

test('a request that carries a trace is a part of it, down to the process', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  const params = { processId: 'p', argv: ['/usr/bin/env'], cwd: 'file:///', env: {}, tty: false }
  peer.send({ id: 'start', method: 'process/start', params, trace: { traceparent, tracestate: 'vendor=1' } })
  await peer.event('p', 'process/closed')

  const request = await arrived(sink, 'process/start')
  expect(request).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', kind: SERVER })
  expect(request.attributes).toMatchObject({
    method: 'process/start',
    result: 'success',
    'rpc.system.name': 'jsonrpc',
    'rpc.method': 'process/start',
    'exec.session.id': peer.sessionId,
  })
  expect(request.attributes['rpc.response_enqueue_offset_ns']).toBeGreaterThan(0)

  const spawn = await arrived(sink, 'process spawn')
  expect(spawn).toMatchObject({ traceId, parentSpanId: request.spanId, events: ['queued', 'spawned'] })
  expect(spawn.attributes).toEqual({ 'exec.process.id': 'p', result: 'success' })

  const exit = await arrived(sink, 'process exit')
  expect(exit.links).toMatchObject([{ spanId: request.spanId }])
  expect(exit.events).toEqual(['first output'])
  expect(exit.attributes).toMatchObject({ 'exec.process.id': 'p', 'process.exit.code': 0, 'exec.exit.cause': 'exit' })

  const environment = peer.output('p', 'stdout').toString().split('\n')
  expect(environment).toContain(`TRACEPARENT=00-${traceId}-${spawn.spanId}-01`)
  expect(environment).toContain('TRACESTATE=vendor=1')
})

test('a request without a trace begins one that is linked to its connection', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  await peer.call('environment/status', {})
  const request = await arrived(sink, 'environment/status')
  expect(request.parentSpanId).toBe('')
  peer.socket.close()
  const connection = await arrived(sink, 'connection')
  expect(request.links).toMatchObject([{ spanId: connection.spanId }])
  expect(request.traceId).not.toBe(connection.traceId)
})

test('a request on standard input belongs to the span of the run', async () => {
  await using sink = await OtlpSink.open()
  await using program = Program.start(['exec-server', '--listen', 'stdio'], { env: exporting(sink) })
  program.stdin.end('{"id":1,"method":"initialize","params":{"clientName":"test"}}\n')
  expect(await program.ended).toMatchObject({ status: 0 })
  const run = await arrived(sink, 'codex.exec_server')
  const request = await arrived(sink, 'initialize')
  expect(request).toMatchObject({ traceId: run.traceId, parentSpanId: run.spanId })
})

test.each([
  ['a traceparent that is none', { traceparent: 'nonsense' }],
  ['a tracestate alone', { tracestate: 'vendor=1' }],
  ['a trace of zeros', { traceparent: '00-00000000000000000000000000000000-0000000000000000-01' }],
])('%s is no parent', async (_what, trace) => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  peer.send({ id: 'x', method: 'environment/status', trace })
  expect((await peer.until(message => message.id === 'x')).result).toEqual({ status: 'ready' })
  expect(await arrived(sink, 'environment/status')).toMatchObject({ parentSpanId: '' })
})

test('a method that is unknown has one name, and what fails says how', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  await peer.request(`secret/${'x'.repeat(200)}`, {})
  const span = await arrived(sink, 'unknown')
  expect(span.attributes).toMatchObject({ result: 'error', 'error.type': 'methodNotFound', 'rpc.method': 'unknown' })
  expect(String(span.attributes['method'])).toHaveLength(64)
})

test('the context of a trace stays with the gateway where it is told so', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server', '--no-pass-trace'], { env: exporting(sink) })
  const peer = await program.connect()
  expect((await peer.run('p', 'echo "<$TRACEPARENT>"')).stdout).toBe('<>\n')
})

test('a process keeps the trace its request gave it', async () => {
  await using sink = await OtlpSink.open()
  await using program = await Program.listening(['exec-server'], { env: exporting(sink) })
  const peer = await program.connect()
  expect((await peer.run('p', 'echo "<$TRACEPARENT>"', { env: { TRACEPARENT: 'own' } })).stdout).toBe('<own>\n')
})

test('spans are sent in batches of the size that the environment says', async () => {
  await using sink = await OtlpSink.open()
  const env = { ...exporting(sink), OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' }
  await using program = await Program.listening(['exec-server'], { env })
  const peer = await program.connect()
  for (let index = 0; index < 5; index++) await peer.call('environment/status', {})
  await sink.until(() => sink.spans.filter(({ name }) => name === 'environment/status').length === 5)
  const batches = sink.bodies.filter(body => body.includes('"resourceSpans"'))
  expect(batches.length).toBe(sink.spans.length)
})
