import { expect, it, test } from 'vitest'
import type { ComparedTarget } from './report/load-report.ts'
import { missedBy, type Thresholds } from './thresholds.ts'

const anything: Thresholds = {
  maxP50Ms: undefined,
  maxP95Ms: undefined,
  maxP99Ms: undefined,
  maxErrors: undefined,
  minPerSecond: undefined,
}

const target: ComparedTarget = {
  name: 'a',
  completion: 'events',
  p50Ms: 1,
  p95Ms: 2,
  p99Ms: 3,
  maxMs: 4,
  perSecond: 100,
  errors: 1,
  phasesP50Ms: {},
  errorKinds: { timedOut: 1 },
  generatorLateP99Ms: null,
  firstErrors: { timedOut: 'too long' },
  confidence95: { p50Ms: null, p95Ms: null, p99Ms: null, perSecond: null },
  change: null,
  runs: [],
}

it('lets everything pass without thresholds', () => {
  expect(missedBy(target, anything)).toEqual([])
})

it('keeps a threshold that is just met', () => {
  const met = { maxP50Ms: 1, maxP95Ms: 2, maxP99Ms: 3, maxErrors: 1, minPerSecond: 100 }
  expect(missedBy(target, met)).toEqual([])
})

test.each([
  [{ maxP50Ms: 0.5 }, 'a: p50 is 1.000 ms, more than 0.5 ms'],
  [{ maxP95Ms: 0.5 }, 'a: p95 is 2.000 ms, more than 0.5 ms'],
  [{ maxP99Ms: 0.5 }, 'a: p99 is 3.000 ms, more than 0.5 ms'],
  [{ maxErrors: 0 }, 'a: 1 errors, more than 0'],
  [{ minPerSecond: 101 }, 'a: 100.0 operations in a second, fewer than 101'],
])('%o is missed in words', (threshold, sentence) => {
  expect(missedBy(target, { ...anything, ...threshold })).toEqual([sentence])
})

it('misses a latency where nothing succeeded', () => {
  expect(missedBy({ ...target, p95Ms: null }, { ...anything, maxP95Ms: 5 })).toEqual([
    'a: no operation succeeded, so there is no p95 to keep to 5 ms',
  ])
})
