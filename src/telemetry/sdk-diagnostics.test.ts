import { diag } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, globalErrorHandler } from '@opentelemetry/core'
import { TracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { failureFields, sdkDiagnostics } from './sdk-diagnostics.ts'

const records: Record<string, unknown>[] = []
const rejected: string[] = []
const log = pino({ base: null }, { write: (line: string) => records.push(JSON.parse(line) as Record<string, unknown>) })

beforeEach(() => {
  records.length = 0
  rejected.length = 0
  diag.setLogger(sdkDiagnostics({ log, rejected: signal => rejected.push(signal) }))
})
afterEach(() => {
  diag.disable()
})

/** As the exporters report what a collector, or a proxy before it, refuses. */
function refusal(answer: string): Error {
  const details = { name: 'OTLPExporterError', code: 500, data: answer }
  const error = Object.assign(new Error('Internal Server Error'), details)
  error.stack = 'where it happened'
  return error
}

const pages = Array.from({ length: 20 }, (_, index) => `<html>incident ${index} ${'x'.repeat(100_000)}`)

it('tells once of a failure, whatever the collector says with it, and shows the beginning of that', () => {
  for (const page of pages) globalErrorHandler(refusal(page))
  expect(records).toHaveLength(1)
  expect(records[0]).toMatchObject({ level: 40, source: 'opentelemetry' })
  expect(records[0]?.['msg']).toContain('Internal Server Error')
  expect(records[0]?.['message']).toMatch(/^<html>incident 0 x+…$/)
  expect(JSON.stringify(records).length).toBeLessThan(1000)
})

it('tells failures of different kinds apart', () => {
  globalErrorHandler(refusal(''))
  globalErrorHandler(new Error('connect ECONNREFUSED'))
  globalErrorHandler('of words alone')
  expect(records).toHaveLength(3)
})

it('shows the beginning of what a collector says to an export that is sent again', () => {
  log.warn(failureFields(refusal(pages[0] ?? '')), 'cannot be exported')
  expect(records[0]).toMatchObject({
    err: { name: 'OTLPExporterError', message: 'Internal Server Error', stack: 'where it happened', code: 500 },
  })
  expect(records[0]?.['message']).toMatch(/^<html>incident 0 x+…$/)
  expect(JSON.stringify(records).length).toBeLessThan(1000)
})

it('counts spans that come faster than a collector takes them, and tells of them once', async () => {
  const sending: (() => void)[] = []
  const exporter = {
    export: (_spans: unknown, done: (result: ExportResult) => void) => {
      sending.push(() => {
        done({ code: ExportResultCode.SUCCESS })
      })
    },
    shutdown: () => Promise.resolve(),
  }
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: 2, maxExportBatchSize: 1 })
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test')
  for (const excess of [3, 5]) {
    for (let count = 0; count < 2 + excess; count++) tracer.startSpan('span').end()
    const flushed = processor.forceFlush()
    for (const done of sending.splice(0)) done()
    await flushed
  }
  tracer.startSpan('span').end()
  expect(rejected).toEqual(['traces', 'traces'])
  expect(records.map(({ msg }) => msg)).toEqual(['spans come faster than the collector takes them'])
})
