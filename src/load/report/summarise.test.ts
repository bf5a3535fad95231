import { describe, expect, it, test } from 'vitest'
import { planWith, recordOf } from '../../../test/support/load-records.ts'
import { LoadReport } from './load-report.ts'
import { summarise } from './summarise.ts'

const seed = 1

describe('a target', () => {
  const report = summarise(
    planWith(),
    [
      recordOf('a', [
        { latenciesMs: [1, 1, 1, 9] },
        { latenciesMs: [2, 2, 2, 2], errors: { timedOut: 1 } },
        { latenciesMs: [50, 50, 50, 50], errors: { timedOut: 1, refused: 2 } },
      ]),
    ],
    seed,
  )
  const [target] = report.targets

  it('has the medians of its runs, the largest maximum and all errors', () => {
    expect(target).toMatchObject({ name: 'a', p50Ms: 2, perSecond: 10, errors: 4, change: null })
    expect(target?.p95Ms).toBeCloseTo(9, 1)
    expect(target?.maxMs).toBeCloseTo(50, 1)
    expect(target?.errorKinds).toEqual({ timedOut: 2, refused: 2 })
    expect(target?.firstErrors).toEqual({ timedOut: 'timedOut happened', refused: 'refused happened' })
  })

  it('shows every run for itself', () => {
    expect(target?.runs.map(({ errors }) => errors)).toEqual([0, 1, 3])
    expect(target?.runs.map(({ p50Ms }) => Math.round(p50Ms ?? 0))).toEqual([1, 2, 50])
  })

  it('is as certain as its runs agree', () => {
    const interval = target?.confidence95.p50Ms
    expect(interval?.low).toBeGreaterThanOrEqual(1)
    expect(interval?.high).toBeGreaterThan(interval?.low ?? 0)
  })

  it('keeps to the schema', () => {
    expect(() => LoadReport.parse({ ...report, missed: [] })).not.toThrow()
  })
})

test('a second target is compared with the first, run beside run', () => {
  const { targets } = summarise(
    planWith(),
    [
      recordOf('old', [{ latenciesMs: [4] }, { latenciesMs: [8] }]),
      recordOf('new', [{ latenciesMs: [3] }, { latenciesMs: [6] }]),
    ],
    seed,
  )
  expect(targets[0]?.change).toBeNull()
  expect(targets[1]?.change?.p50).toBeCloseTo(-0.25, 2)
  // Each pair of runs says the same, however unlike the pairs are.
  expect(targets[1]?.change?.p50Confidence95?.low).toBeCloseTo(-0.25, 2)
  expect(targets[1]?.change?.p50Confidence95?.high).toBeCloseTo(-0.25, 2)
})

test('a single run says nothing about its certainty', () => {
  const [target] = summarise(planWith(), [recordOf('a', [{ latenciesMs: [1] }])], seed).targets
  expect(target?.confidence95).toEqual({ p50Ms: null, p95Ms: null, p99Ms: null, perSecond: null })
})

test('where nothing succeeded there is nothing to say, and nothing to compare', () => {
  const failed = recordOf('b', [{ latenciesMs: [], errors: { refused: 5 } }])
  const report = summarise(planWith(), [recordOf('a', [{ latenciesMs: [1] }]), failed], seed)
  expect(report.targets[1]).toMatchObject({
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
    maxMs: null,
    errors: 5,
    change: null,
  })
  expect(() => LoadReport.parse({ ...report, missed: [] })).not.toThrow()
})

test('the lateness of the generator is that of its worst run', () => {
  const arm = recordOf('a', [{ latenciesMs: [1] }, { latenciesMs: [1] }])
  arm.runs[0]?.lateness.recordMs(0.5)
  arm.runs[1]?.lateness.recordMs(2)
  const [target] = summarise(planWith(), [arm], seed).targets
  expect(target?.generatorLateP99Ms).toBeCloseTo(2, 1)
})

test('phases have medians of their own', () => {
  const phases = { wait: 2, finalRead: 80 }
  const [target] = summarise(planWith(), [recordOf('a', [{ latenciesMs: [90, 90], phases }], 'read')], seed).targets
  expect(target?.phasesP50Ms.wait).toBeCloseTo(2, 1)
  expect(target?.phasesP50Ms.finalRead).toBeCloseTo(80, 0)
})

test.each([
  [planWith(), { loop: 'closed', iterations: 4, durationMs: null, ratePerSecond: null }],
  [
    planWith({ ratePerSecond: 5, extent: { durationMs: 1000 } }),
    { loop: 'open', iterations: null, durationMs: 1000, ratePerSecond: 5 },
  ],
])('the report tells what was done', (plan, told) => {
  expect(summarise(plan, [recordOf('a', [{ latenciesMs: [1] }])], seed)).toMatchObject(told)
})
