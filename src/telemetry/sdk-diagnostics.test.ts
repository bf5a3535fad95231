import { diag } from '@opentelemetry/api'
import { globalErrorHandler } from '@opentelemetry/core'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { failureFields, sdkDiagnostics } from './sdk-diagnostics.ts'

const records: Record<string, unknown>[] = []
const log = pino({ base: null }, { write: (line: string) => records.push(JSON.parse(line) as Record<string, unknown>) })

beforeEach(() => {
  records.length = 0
  diag.setLogger(sdkDiagnostics({ log, rejected: () => {} }))
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
