import { syncBuiltinESMExports } from 'node:module'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { http, HttpResponse, type HttpResponseResolver } from 'msw'
import { setupServer } from 'msw/node'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ResendQueue } from '../../src/telemetry/resend-queue.ts'
import { sdkDiagnostics } from '../../src/telemetry/sdk-diagnostics.ts'

const url = 'http://collector.test/v1/metrics'

/** The part of an OTLP/HTTP request that is looked at. */
interface ExportRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly sum?: { readonly dataPoints: readonly { readonly asDouble?: number }[] }
        readonly gauge?: { readonly dataPoints: readonly { readonly asDouble?: number }[] }
      }[]
    }[]
  }[]
}

const server = setupServer()

beforeAll(() => {
  server.listen()
  // The exporter has taken `request` out of `node:http` by name.
  syncBuiltinESMExports()
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  server.resetHandlers()
})
afterAll(() => {
  server.close()
  syncBuiltinESMExports()
})

/** A collector that gives these answers one after the other, then takes everything. */
class Collector {
  /** Of each batch that was taken: the delta and the gauge. */
  readonly taken: { delta: number | undefined; gauge: number | undefined }[] = []
  /** When each request came, by the fake clock. */
  readonly requestedAt: number[] = []

  constructor(answers: HttpResponseResolver[]) {
    server.use(
      http.post(url, async info => {
        this.requestedAt.push(Date.now())
        const body = (await info.request.clone().json()) as ExportRequest
        const answer = answers.shift()
        if (answer !== undefined) return await answer(info)
        this.taken.push(valuesOf(body))
        return HttpResponse.json({})
      }),
    )
  }
}

function valuesOf({ resourceMetrics }: ExportRequest): { delta: number | undefined; gauge: number | undefined } {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(scope => scope.metrics))
  const find = (name: string) => metrics.find(metric => metric.name === name)
  return {
    delta: find('counter')?.sum?.dataPoints[0]?.asDouble,
    gauge: find('gauge')?.gauge?.dataPoints[0]?.asDouble,
  }
}

/** The pipeline of metrics as the program has it, with one counter and one gauge that never changes. */
function pipeline() {
  const told = { success: 0, failure: 0, dropped: 0 }
  const exporter = new OTLPMetricExporter({ url, temporalityPreference: AggregationTemporality.DELTA })
  const queue = new ResendQueue(exporter, {
    exported: result => (told[result] += 1),
    dropped: () => (told.dropped += 1),
    changed: () => {},
  })
  const reader = new PeriodicExportingMetricReader({ exporter: queue, exportIntervalMillis: 2 ** 30 })
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test')
  meter.createObservableGauge('gauge').addCallback(result => {
    result.observe(42)
  })
  const counter = meter.createCounter('counter')
  return {
    told,
    queue,
    /** One interval: something is counted, and what there is gets exported. */
    async collect(count: number) {
      if (count > 0) counter.add(count)
      await whileTimePasses(reader.forceFlush())
    },
    close: () => whileTimePasses(reader.shutdown()),
  }
}

/** Waits and retries take no time here. */
async function whileTimePasses(work: Promise<void>): Promise<void> {
  let isDone = false
  const noted = work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    await vi.advanceTimersByTimeAsync(50)
    await new Promise(resolve => setImmediate(resolve))
  }
  await noted
}

const down: HttpResponseResolver = () => HttpResponse.error()
const status = (code: number): HttpResponseResolver => {
  return () => new HttpResponse('no', { status: code })
}

// One that hangs is met by a real connection, in the end-to-end tests: its deadline is the socket's.
describe('a collector that takes nothing for a while', () => {
  it.each([
    ['refuses', status(400)],
    ['has too much to do', status(429)],
    ['is restarting', status(503)],
    ['cannot be reached', down],
  ])('and %s gets every delta later, in order and once', async (_what, answer) => {
    const collector = new Collector(Array.from({ length: 8 }, () => answer))
    const metrics = pipeline()
    for (const count of [1, 2, 4, 8]) await metrics.collect(count)
    for (let idle = 0; idle < 8; idle++) await metrics.collect(0)
    await metrics.close()
    const deltas = collector.taken.flatMap(({ delta }) => (delta === undefined || delta === 0 ? [] : [delta]))
    expect(deltas).toEqual([1, 2, 4, 8])
    expect(metrics.told.failure).toBeGreaterThan(0)
    expect(metrics.told.dropped).toBe(0)
    expect(metrics.queue.length).toBe(0)
  })

  it('and answers nonsense is believed: it said 200', async () => {
    const collector = new Collector([])
    server.use(http.post(url, () => new HttpResponse('<html>hello', { status: 200 }), { once: true }))
    const metrics = pipeline()
    await metrics.collect(1)
    await metrics.collect(2)
    await metrics.close()
    expect(collector.taken.map(({ delta }) => delta).filter(Boolean)).toEqual([2])
    expect(metrics.told).toMatchObject({ failure: 0, dropped: 0 })
  })
})

describe('a collector that takes a part', () => {
  /** What the log and the loss counter have of it. */
  function diagnosed() {
    const records: Readonly<Record<string, unknown>>[] = []
    const rejected: string[] = []
    const log = pino({}, { write: (line: string) => records.push(JSON.parse(line) as Record<string, unknown>) })
    diag.setLogger(sdkDiagnostics({ log, rejected: signal => rejected.push(signal) }), {
      logLevel: DiagLogLevel.WARN,
      suppressOverrideMessage: true,
    })
    return { records, rejected, [Symbol.dispose]: () => diag.disable() }
  }
  const partly =
    (partialSuccess: object): HttpResponseResolver =>
    () =>
      HttpResponse.json({ partialSuccess })

  it.each([
    ['as OTLP writes it', '3'],
    ['as a number', 3],
    ['and lies about how much', '999999999999999999999'],
  ])('says so %s: each such batch counts as lost, one record tells of it', async (_how, rejectedDataPoints) => {
    using told = diagnosed()
    const answer = partly({ rejectedDataPoints, errorMessage: `too many ${'x'.repeat(5000)}` })
    const collector = new Collector([answer, answer, answer])
    const metrics = pipeline()
    for (const count of [1, 2, 4, 8]) await metrics.collect(count)
    await metrics.close()
    expect(told.rejected).toEqual(['metrics', 'metrics', 'metrics'])
    expect(told.records).toHaveLength(1)
    expect(told.records[0]).toMatchObject({ level: 40, msg: 'the collector rejects a part of the metrics' })
    expect(String(told.records[0]?.['message'])).toMatch(/^too many x{50,60}…$/)
    // What was rejected is not sent again: the specification forbids it.
    expect(collector.taken.map(({ delta }) => delta).filter(Boolean)).toEqual([8])
    expect(metrics.told).toMatchObject({ failure: 0, dropped: 0 })
  })

  it.each([
    ['nothing was rejected', { rejectedDataPoints: '0', errorMessage: 'slow down' }],
    ['what is rejected is none of it', { rejectedSheep: '7' }],
    ['less than nothing was rejected', { rejectedDataPoints: '-5' }],
    ['nonsense was rejected', { rejectedDataPoints: { many: true } }],
  ])('says that %s: nothing is lost, one record tells of the remark', async (_what, partialSuccess) => {
    using told = diagnosed()
    const collector = new Collector([partly(partialSuccess), partly(partialSuccess)])
    const metrics = pipeline()
    for (const count of [1, 2]) await metrics.collect(count)
    await metrics.close()
    expect(collector.requestedAt.length).toBeGreaterThanOrEqual(2)
    expect(told.rejected).toEqual([])
    expect(told.records.map(({ msg }) => msg)).toEqual(['the collector has a remark'])
  })
})

it('tells of the gauges although nothing has changed', async () => {
  const collector = new Collector([])
  const metrics = pipeline()
  await metrics.collect(1)
  for (let index = 0; index < 3; index++) await metrics.collect(0)
  expect(collector.taken.map(({ gauge }) => gauge)).toEqual([42, 42, 42, 42])
  await metrics.close()
})

it.each([429, 503])('waits as long as %i with Retry-After says', async code => {
  const collector = new Collector([() => new HttpResponse(null, { status: code, headers: { 'Retry-After': '7' } })])
  const metrics = pipeline()
  await metrics.collect(1)
  const [first = Number.NaN, second = Number.NaN] = collector.requestedAt
  expect(second - first).toBeGreaterThanOrEqual(7000)
  expect(collector.taken).toEqual([{ delta: 1, gauge: 42 }])
  expect(metrics.told).toMatchObject({ success: 1, failure: 0 })
  await metrics.close()
})

it('does not wait for an hour because it is told to', async () => {
  const collector = new Collector([() => new HttpResponse(null, { status: 429, headers: { 'Retry-After': '3600' } })])
  const metrics = pipeline()
  const startedAt = Date.now()
  for (const count of [1, 2]) await metrics.collect(count)
  expect(Date.now() - startedAt).toBeLessThan(60_000)
  expect(collector.taken.map(({ delta }) => delta)).toEqual([1, 2])
  await metrics.close()
})
