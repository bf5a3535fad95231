import { describe, expect, it, test } from 'vitest'
import { planWith, recordOf } from '../../../test/support/load-records.ts'
import type { ArmRecord } from '../load-test.ts'
import { htmlReport } from './html.ts'
import type { LoadReport } from './load-report.ts'
import { markdownReport } from './markdown.ts'
import { summarise } from './summarise.ts'
import { textReport } from './text.ts'

const compared = [
  recordOf('old', [{ latenciesMs: [4, 5] }, { latenciesMs: [4, 5] }]),
  recordOf('new', [{ latenciesMs: [3, 4], errors: { timedOut: 2 } }, { latenciesMs: [3, 4] }]),
]
const completions = [
  recordOf('a read', [{ latenciesMs: [160], phases: { wait: 1, finalRead: 80 } }], 'read'),
  recordOf('a events', [{ latenciesMs: [80], phases: { wait: 1 } }], 'events'),
]

function reportOf(arms: readonly ArmRecord[], missed: readonly string[] = []): LoadReport {
  return { ...summarise(planWith({ rttMs: 80 }), arms, 1), missed: [...missed] }
}

describe('on a terminal', () => {
  const [conditions, empty, ...rest] = textReport(reportOf(compared)).trimEnd().split('\n')
  const table = rest.slice(0, 3)

  it('says first what was done', () => {
    expect(conditions).toBe(
      'one-shot: 2 runs of 4 operations, closed loop of 1 worker, round trip of 80 ms in front of it',
    )
    expect(empty).toBe('')
  })

  it('has a line for each target, in columns', () => {
    expect(table.map(line => line.split(/ {2,}/)[0])).toEqual(['target', 'old', 'new'])
    expect(table[2]).toContain('2 (timedOut 2)')
    expect(table[2]).toMatch(/−2\d\.\d % \(.* to .*\)$/)
    const column = table[0]?.indexOf('per second') ?? -1
    for (const line of table.slice(1)) expect(line.slice(column)).toMatch(/^\d/)
  })
})

test('what went wrong is said below the table, everywhere', () => {
  const sentence = 'new, first timedOut: timedOut happened'
  expect(textReport(reportOf(compared))).toMatch(new RegExp(`\\n\\n${sentence}\\n$`))
  expect(markdownReport(reportOf(compared))).toContain(`Remarks:\n\n- ${sentence}\n`)
  expect(htmlReport(reportOf(compared), compared)).toContain(`<p>${sentence}</p>`)
})

test('a final read is compared with none in the table of the protocol’s history', () => {
  const [, , heading, read, events] = textReport(reportOf(completions)).split('\n')
  expect(heading?.split(/ {2,}/)).toEqual([
    'completion',
    'end to end p50',
    'end to end p95',
    'wait p50',
    'final read p50',
    'change',
    'errors',
  ])
  expect(read).toMatch(/^a read +160 ms +160 ms +1\.00 ms +80\.0 ms +– +0$/)
  expect(events).toMatch(/^a events +80\.0 ms +80\.0 ms +1\.00 ms +none +−50\.0 % +0$/)
})

test('Markdown has the table, every run and what was missed', () => {
  const text = markdownReport(reportOf(compared, ['new: p95 is 4 ms | too much']))
  expect(text).toContain('| target | p50 | p95 | p99 | max | per second | errors | change of p50 |\n| --- |')
  expect(text).toContain('- new: p95 is 4 ms \\| too much\n')
  expect(text.match(/^\| (old|new) \| \d \|/gm)).toHaveLength(4)
})

describe('in HTML', () => {
  const hostile = recordOf('<b>&"', [{ latenciesMs: [1, 2, 3] }, { latenciesMs: [2, 30, 400] }])
  const html = htmlReport(reportOf([hostile, ...compared], ['<i>late</i>']), [hostile, ...compared])

  it('needs nothing but itself', () => {
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|href=|https?:|url\(/)
  })

  it('draws histogram, percentiles and the course of time', () => {
    expect(html.match(/<svg /g)).toHaveLength(3)
    for (const title of ['Histogram', 'Percentiles', 'Over time']) expect(html).toContain(`aria-label="${title}"`)
    // One line for each arm; over time two for each run.
    expect(html.match(/<polyline /g)).toHaveLength(3 + 3 + 2 * 6)
    expect(html).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('keeps names and sentences from becoming markup', () => {
    expect(html).not.toContain('<b>')
    expect(html).not.toContain('<i>')
    expect(html).toContain('&lt;b&gt;&amp;&quot;')
  })

  it('tells no address', () => {
    expect(html).not.toContain('127.0.0.1')
  })

  it('can be drawn even when nothing succeeded', () => {
    const failed = recordOf('a', [{ latenciesMs: [], errors: { refused: 1 } }])
    expect(htmlReport(reportOf([failed]), [failed])).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('shows the figures of a comparison of completions as well', () => {
    const text = htmlReport(reportOf(completions), completions)
    expect(text).toContain('final read p50')
    expect(text).toContain('change of p50')
  })
})
