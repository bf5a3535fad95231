import { expect, test } from 'vitest'
import { Completion, ProcessMetrics } from './process-metrics.ts'

test('a process counts as active until its end is decided', () => {
  const metrics = new ProcessMetrics()
  using completion = new Completion(metrics)
  using _other = new Completion(metrics)
  expect(metrics.active).toBe(2)
  completion.claim('success')
  expect(metrics.active).toBe(1)
  expect(metrics.finished).toEqual({ success: 1, error: 0, terminated: 0, unknown: 0 })
})

test('the first claim decides, whatever comes later', () => {
  const metrics = new ProcessMetrics()
  const completion = new Completion(metrics)
  expect(completion.result).toBeUndefined()
  completion.claim('terminated')
  completion.claim('error')
  completion[Symbol.dispose]()
  completion[Symbol.dispose]()
  expect(completion.result).toBe('terminated')
  expect(metrics.active).toBe(0)
  expect(metrics.finished).toEqual({ success: 0, error: 0, terminated: 1, unknown: 0 })
})

test('an end that nobody claims is unknown', () => {
  const metrics = new ProcessMetrics()
  new Completion(metrics)[Symbol.dispose]()
  expect(metrics.active).toBe(0)
  expect(metrics.finished).toEqual({ success: 0, error: 0, terminated: 0, unknown: 1 })
})
