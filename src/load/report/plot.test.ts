import { expect, it, test } from 'vitest'
import { type Axis, svgPlot } from './plot.ts'
import { inMs, inPercent } from './numbers.ts'

const linear: Axis = { label: 'x', scale: 'linear', ticks: [[0, '0']], from: 0, to: 10 }
const log: Axis = { label: 'y', scale: 'log', ticks: [[1, '1']], from: 1, to: 100 }

function drawnPoints(points: readonly (readonly [number, number])[]): number[][] {
  const svg = svgPlot({ title: 't', x: linear, y: log, series: [{ name: 'n', colour: 'red', points }] })
  const [, text = ''] = /points="([^"]*)"/.exec(svg) ?? []
  return text.split(' ').map(pair => pair.split(',').map(Number))
}

it('draws equal ratios of a logarithmic axis at equal distances, upwards', () => {
  const [one, ten, hundred] = drawnPoints([
    [0, 1],
    [5, 10],
    [10, 100],
  ]).map(([, y = 0]) => y)
  expect((one ?? 0) - (ten ?? 0)).toBeCloseTo((ten ?? 0) - (hundred ?? 0), 0)
  expect(one).toBeGreaterThan(hundred ?? 0)
})

it('draws what lies beyond its axes at their ends', () => {
  const points = drawnPoints([
    [-5, 0.001],
    [0, 1],
  ])
  expect(points[0]).toEqual(points[1])
})

it('has dashes only where they are asked for', () => {
  const series = { name: 'n', colour: 'red', points: [[1, 1]] as const }
  expect(svgPlot({ title: 't', x: linear, y: log, series: [series] })).not.toContain('dasharray')
  expect(svgPlot({ title: 't', x: linear, y: log, series: [{ ...series, isDashed: true }] })).toContain('dasharray')
})

test.each([
  [0.12345, '0.123 ms'],
  [12.345, '12.3 ms'],
  [1234.5, '1235 ms'],
  [0, '0.00 ms'],
  [null, '–'],
  [undefined, '–'],
])('%s is written as %s', (ms, text) => {
  expect(inMs(ms)).toBe(text)
})

test.each([
  [-0.251, '−25.1 %'],
  [0.1, '+10.0 %'],
])('a change of %d is written as %s', (change, text) => {
  expect(inPercent(change)).toBe(text)
})
