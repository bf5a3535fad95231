import { describe, expect, it } from 'vitest'
import { readOtlpEnvironment } from './otlp-environment.ts'

describe('how spans and records are gathered', () => {
  it('is up to the SDK where nothing is said', () => {
    const { spanBatching, logBatching, warnings } = readOtlpEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: ' ' })
    expect({ spanBatching, logBatching, warnings }).toEqual({ spanBatching: {}, logBatching: {}, warnings: [] })
  })

  it('is read for each of the two', () => {
    const settings = readOtlpEnvironment({
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_EXPORT_TIMEOUT: '200',
      OTEL_BLRP_MAX_QUEUE_SIZE: '300',
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '40',
    })
    expect(settings.spanBatching).toEqual({ scheduledDelayMillis: 100, exportTimeoutMillis: 200 })
    expect(settings.logBatching).toEqual({ maxQueueSize: 300, maxExportBatchSize: 40 })
  })

  it.each(['0', '-1', '1.5', 'all', '2147483648'])('cannot be %s', text => {
    const settings = readOtlpEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: text, OTEL_BLRP_SCHEDULE_DELAY: text })
    expect(settings.spanBatching).toEqual({})
    expect(settings.logBatching).toEqual({})
    expect(settings.warnings).toEqual([
      'OTEL_BSP_MAX_QUEUE_SIZE is not a number of records; the default is used',
      'OTEL_BLRP_SCHEDULE_DELAY is not a number of milliseconds; the default is used',
    ])
  })
})
