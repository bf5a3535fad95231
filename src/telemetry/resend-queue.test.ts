import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResendQueue } from './resend-queue.ts'

type Answer = 'success' | 'failure' | 'throw' | 'never'

/** A batch that is known by its number. */
const batchOf = (number: number): ResourceMetrics => ({
  resource: resourceFromAttributes({ number }),
  scopeMetrics: [],
})
const numberOf = (batch: ResourceMetrics) => batch.resource.attributes['number'] as number

/** An exporter that answers as it is told, later, as a network does. */
class ScriptedExporter implements PushMetricExporter {
  readonly attempts: number[] = []
  readonly delivered: number[] = []
  answers: Answer[] = []
  isShutDown = false

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    const number = numberOf(metrics)
    this.attempts.push(number)
    const answer = this.answers.shift() ?? 'success'
    if (answer === 'never') return
    if (answer === 'throw') throw new Error('cannot be serialized')
    queueMicrotask(() => {
      if (answer === 'success') this.delivered.push(number)
      done(
        answer === 'success'
          ? { code: ExportResultCode.SUCCESS }
          : { code: ExportResultCode.FAILED, error: new Error('refused') },
      )
    })
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.isShutDown = true
  }
}

function queueOver(exporter: ScriptedExporter) {
  const told = { success: 0, failure: 0, dropped: 0, changes: [] as string[] }
  const queue = new ResendQueue(exporter, {
    exported: result => (told[result] += 1),
    dropped: () => (told.dropped += 1),
    changed: (isFailing, error) => told.changes.push(isFailing ? `failing: ${error?.message}` : 'working'),
  })
  /** Resolves with what the reader is told. */
  const collect = (number: number) =>
    new Promise<ExportResultCode>(resolve => {
      queue.export(batchOf(number), ({ code }) => {
        resolve(code)
      })
    })
  return { queue, told, collect }
}

describe('a batch that is refused', () => {
  it('is sent again with the next one, before it', async () => {
    const exporter = new ScriptedExporter()
    const { queue, told, collect } = queueOver(exporter)
    exporter.answers = ['failure', 'throw']
    for (const number of [1, 2]) expect(await collect(number)).toBe(ExportResultCode.SUCCESS)
    expect(queue.length).toBe(2)
    await collect(3)
    expect(exporter.attempts).toEqual([1, 1, 1, 2, 3])
    expect(exporter.delivered).toEqual([1, 2, 3])
    expect(queue.length).toBe(0)
    expect(told).toMatchObject({ success: 3, failure: 2, dropped: 0, changes: ['failing: refused', 'working'] })
  })

  it('is sent a last time at the end', async () => {
    const exporter = new ScriptedExporter()
    const { queue, collect } = queueOver(exporter)
    exporter.answers = ['failure']
    await collect(1)
    await queue.shutdown()
    expect(exporter.delivered).toEqual([1])
    expect(exporter.isShutDown).toBe(true)
  })
})

it('every batch arrives once and in order, whatever is refused on the way', async () => {
  const answer = fc.constantFrom<Answer>('success', 'failure', 'throw')
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), async (answers, count) => {
      const exporter = new ScriptedExporter()
      const { queue, told, collect } = queueOver(exporter)
      exporter.answers = [...answers]
      for (let number = 1; number <= count; number++) await collect(number)
      exporter.answers = []
      await queue.forceFlush()
      expect(exporter.delivered).toEqual(Array.from({ length: count }, (_, index) => index + 1))
      expect(told.success).toBe(count)
    }),
  )
})

describe('a collector that never answers', () => {
  it('gets one batch at a time', () => {
    const exporter = new ScriptedExporter()
    const { queue, collect } = queueOver(exporter)
    exporter.answers = ['never']
    for (const number of [1, 2, 3]) void collect(number)
    expect(exporter.attempts).toEqual([1])
    expect(queue.length).toBe(3)
  })

  it('costs the oldest batches, but not the one on its way, once there are too many', () => {
    const exporter = new ScriptedExporter()
    const { queue, told, collect } = queueOver(exporter)
    exporter.answers = ['never']
    for (let number = 1; number <= 130; number++) void collect(number)
    expect(queue.length).toBe(120)
    expect(told.dropped).toBe(10)
  })
})
