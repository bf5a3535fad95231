import * as api from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, it } from 'vitest'
import type { ClientOptions } from '../../../src/client/execgate-client.ts'
import { connectClient } from '../../support/connected-client.ts'

/** The API with a provider of its own, within a span that is active everywhere. */
function tracing() {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const parent = provider.getTracer('test').startSpan('caller')
  const active = api.trace.setSpan(api.ROOT_CONTEXT, parent)
  const openTelemetry: ClientOptions['openTelemetry'] = {
    ...api,
    trace: { getTracer: name => provider.getTracer(name) },
    context: { active: () => active },
  }
  return { openTelemetry, parent: parent.spanContext(), spans: () => exporter.getFinishedSpans() }
}

it('gives each call a span of the caller, and the server its ids', async () => {
  const { openTelemetry, parent, spans } = tracing()
  await using stage = await connectClient({ openTelemetry })
  const call = stage.client.call('process/terminate', { processId: 'secret' })
  const request = await stage.connection.takes('process/terminate')
  stage.connection.replies(request, { running: true })
  await call
  const [span] = spans()
  expect(span).toMatchObject({
    name: 'process/terminate',
    kind: api.SpanKind.CLIENT,
    parentSpanContext: { traceId: parent.traceId, spanId: parent.spanId },
    status: { code: api.SpanStatusCode.UNSET },
  })
  expect(span?.attributes).toEqual({
    method: 'process/terminate',
    'rpc.method': 'process/terminate',
    'rpc.system.name': 'jsonrpc',
  })
  expect(request.trace).toEqual({ traceparent: `00-${parent.traceId}-${span?.spanContext().spanId}-01` })
})

it('gives calls about files and requests over HTTP spans that say nothing of either', async () => {
  const { openTelemetry, parent, spans } = tracing()
  await using stage = await connectClient({ openTelemetry })
  const { client, connection } = stage
  const list = client.files.list('/secret')
  connection.replies(await connection.takes('fs/readDirectory'), { entries: [] })
  await list
  const fetched = client.fetch('http://secret.test/')
  const request = await connection.takes('http/request')
  connection.replies(request, { status: 204, headers: [], bodyBase64: '' })
  await fetched
  expect(spans()).toMatchObject(
    ['fs/readDirectory', 'http/request'].map(name => ({
      name,
      kind: api.SpanKind.CLIENT,
      parentSpanContext: { spanId: parent.spanId },
    })),
  )
  for (const { attributes } of spans()) expect(JSON.stringify(attributes)).not.toContain('secret')
  expect(request.trace?.traceparent).toContain(spans()[1]?.spanContext().spanId)
})

it('records the kind of a failure', async () => {
  const { openTelemetry, spans } = tracing()
  await using stage = await connectClient({ openTelemetry })
  const call = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.refuses(await stage.connection.takes('process/terminate'), -32600, 'no')
  await expect(call).rejects.toThrow('no')
  const abort = new AbortController()
  const given = stage.client.call('process/terminate', { processId: 'p' }, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  expect(spans().map(({ attributes }) => attributes['error.type'])).toEqual(['invalidRequest', 'aborted'])
  expect(spans().map(({ status }) => status.code)).toEqual([api.SpanStatusCode.ERROR, api.SpanStatusCode.ERROR])
})

it('sends no trace without a tracer, nor for a span that is not recorded', async () => {
  for (const options of [{}, { openTelemetry: api }]) {
    await using stage = await connectClient(options)
    const call = stage.client.call('process/terminate', { processId: 'p' })
    const request = await stage.connection.takes('process/terminate')
    expect(request).not.toHaveProperty('trace')
    stage.connection.replies(request, { running: true })
    await call
  }
})
