import { LatencyHistogram } from '../latency-histogram.ts'
import type { ArmRecord } from '../load-test.ts'
import { inShort } from './numbers.ts'
import { type Axis, type Plot, type Point, svgPlot } from './plot.ts'

const palette = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#e377c2']
const drawnValues = 4000
const bins = 60

export function colourOf(arm: number): string {
  return palette[arm % palette.length] ?? 'black'
}

/** The latencies of an arm, of all its runs. */
function latencyOf({ runs }: ArmRecord): LatencyHistogram {
  const all = new LatencyHistogram()
  for (const { latency } of runs) all.add(latency)
  return all
}

/** How often each latency was met, on a logarithmic scale: several modes show as several hills. */
export function histogramPlot(arms: readonly ArmRecord[]): string {
  const values = arms.map(arm => latencyOf(arm).spreadMs(drawnValues))
  const x = latencyAxis(values.flat(), 'ms')
  const shares = values.map(each => binned(each, x))
  const highest = Math.max(...shares.flat().map(([, share]) => share), 0.01)
  return drawn('Histogram', arms, { ...x, label: 'latency (ms)' }, shareAxis(highest), shares)
}

/** Latency by percentile, the rare ones stretched: each step to the right is a tenth as many. */
export function percentilePlot(arms: readonly ArmRecord[]): string {
  const shares = [0.5, 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025, 0.001, 0.0005, 0.0001]
  const beyond = [1, 0.9, 0.8, 0.7, 0.6, ...shares]
  const curves = arms.map(arm => {
    const latency = latencyOf(arm)
    const known = beyond.filter(share => share === 1 || share * latency.count >= 1)
    return known.flatMap((share): Point[] => {
      const ms = latency.percentileMs((1 - share) * 100)
      return ms === undefined ? [] : [[1 / share, ms]]
    })
  })
  const ticks = [
    [1, '0'],
    [2, '50'],
    [10, '90'],
    [100, '99'],
    [1000, '99.9'],
    [10_000, '99.99'],
  ] as const
  const x: Axis = { label: 'percentile', scale: 'log', ticks, from: 1, to: 10_000 }
  return drawn(
    'Percentiles',
    arms,
    x,
    latencyAxis(
      curves.flat().map(([, ms]) => ms),
      'latency (ms)',
    ),
    curves,
  )
}

/** Latency over the test, run by run as they followed each other: means solid, maxima dashed. */
export function timePlot(arms: readonly ArmRecord[]): string {
  const stretches = arms.flatMap(({ arm, runs }, index) =>
    runs.map(run => ({
      name: arm.name,
      colour: colourOf(index),
      points: run.timeline.stretches().map(stretch => ({
        seconds: (run.beganMs + stretch.beginMs + stretch.widthMs / 2) / 1000,
        ...stretch,
      })),
    })),
  )
  const all = stretches.flatMap(({ points }) => points)
  const lastSecond = Math.max(...all.map(({ seconds }) => seconds), 1)
  const x: Axis = { label: 'seconds', scale: 'linear', ticks: evenTicks(lastSecond), from: 0, to: lastSecond }
  const y = latencyAxis(
    all.flatMap(({ meanMs, maxMs }) => [meanMs, maxMs]),
    'latency (ms)',
  )
  const series = stretches.flatMap(({ name, colour, points }) => [
    { name: `${name}, mean`, colour, points: points.map(({ seconds, meanMs }): Point => [seconds, meanMs]) },
    {
      name: `${name}, max`,
      colour,
      points: points.map(({ seconds, maxMs }): Point => [seconds, maxMs]),
      isDashed: true,
    },
  ])
  return svgPlot({ title: 'Over time', x, y, series })
}

function drawn(title: string, arms: readonly ArmRecord[], x: Axis, y: Axis, curves: readonly Point[][]): string {
  const plot: Plot = {
    title,
    x,
    y,
    series: curves.map((points, index) => ({ name: arms[index]?.arm.name ?? '', colour: colourOf(index), points })),
  }
  return svgPlot(plot)
}

/** Share of the values in each bin, as steps. */
function binned(values: readonly number[], { from, to }: Axis): Point[] {
  const step = Math.log10(to / from) / bins
  const counts = Array.from({ length: bins }, () => 0)
  for (const ms of values) {
    const bin = Math.min(Math.max(Math.floor(Math.log10(ms / from) / step), 0), bins - 1)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts.flatMap((count, bin): Point[] => {
    const share = values.length === 0 ? 0 : count / values.length
    return [
      [from * 10 ** (bin * step), share],
      [from * 10 ** ((bin + 1) * step), share],
    ]
  })
}

function latencyAxis(values: readonly number[], label: string): Axis {
  const positive = values.filter(ms => ms > 0)
  const least = positive.reduce((low, ms) => Math.min(low, ms), Infinity)
  const most = positive.reduce((high, ms) => Math.max(high, ms), 0)
  if (most === 0) return latencyAxis([1], label)
  const [from, to] = [least / 1.1, most * 1.1]
  const ticks = decadesBetween(from, to).map(at => [at, inShort(at)] as const)
  return { label, scale: 'log', ticks, from, to }
}

/** 1, 2 and 5 of every power of ten. */
function decadesBetween(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from))
  const last = Math.ceil(Math.log10(to))
  const powers = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
  return powers.flatMap(power => [power, 2 * power, 5 * power]).filter(at => at >= from && at <= to)
}

function shareAxis(highest: number): Axis {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(part => {
    const at = part * highest
    return [at, `${inShort(at * 100)} %`] as const
  })
  return { label: 'share of operations', scale: 'linear', ticks, from: 0, to: highest }
}

function evenTicks(last: number): (readonly [number, string])[] {
  return [0, 0.25, 0.5, 0.75, 1].map(part => [part * last, inShort(part * last)] as const)
}
