import { Resvg } from '@resvg/resvg-js'
import { init } from 'echarts'
import type { DashboardJson, PanelJson } from './dashboard-json.ts'
import { axisOf, withUnit } from './units.ts'

/** Points of one line: Unix time in seconds and value. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

const columnWidth = 60
const rowHeight = 34
const gap = 8
const paper = '#f4f5f5'
const ink = '#24292e'
const faint = '#6e7780'
const font = 'DejaVu Sans, sans-serif'
const colors = ['#3274d9', '#56a64b', '#e0b400', '#e02f44', '#a352cc', '#ff780a', '#19a3b5', '#8f3bb8', '#7a7a7a']

/** A dashboard as a picture: every panel in its place, with its title, unit, legend and threshold. */
export function drawDashboard(
  dashboard: DashboardJson,
  seriesOf: (panel: PanelJson) => readonly Series[],
): { readonly svg: string; readonly png: Buffer } {
  const headHeight = 44
  const width = 24 * columnWidth + gap
  const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h))
  const height = headHeight + rows * rowHeight + gap
  const parts = dashboard.panels.map(panel => {
    const { x, y, w, h } = panel.gridPos
    const box = { width: w * columnWidth - gap, height: h * rowHeight - gap }
    return placed(x * columnWidth + gap, headHeight + y * rowHeight, box, drawPanel(panel, seriesOf(panel), box))
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" fill="${paper}"/>
${label(gap, 28, dashboard.title, { size: 18, weight: 'bold' })}
${parts.join('\n')}
</svg>`
  return { svg, png: new Resvg(svg, { font: { loadSystemFonts: true } }).render().asPng() }
}

interface Box {
  readonly width: number
  readonly height: number
}

function drawPanel(panel: PanelJson, series: readonly Series[], box: Box): string {
  if (panel.type === 'row') return label(2, 18, panel.title, { size: 13, weight: 'bold' })
  const frame = `<rect width="${box.width}" height="${box.height}" rx="3" fill="#fff" stroke="#dde1e5"/>`
  const title = label(10, 19, panel.title, { size: 12, weight: 'bold' })
  return frame + title + (panel.type === 'stat' ? drawStat(panel, series, box) : drawLines(panel, series, box))
}

function drawStat(panel: PanelJson, series: readonly Series[], box: Box): string {
  const last = series[0]?.points.at(-1)?.[1]
  const text = last === undefined ? 'No data' : withUnit(last, unitOf(panel))
  const limit = thresholdOf(panel)
  const color = last === undefined ? faint : limit !== undefined && last >= limit ? '#e02f44' : '#37872d'
  return `<text x="${box.width / 2}" y="${box.height / 2 + 22}" text-anchor="middle" font-family="${font}" font-size="30" fill="${color}">${escaped(text)}</text>`
}

function drawLines(panel: PanelJson, series: readonly Series[], box: Box): string {
  const top = 26
  const inner = { width: box.width, height: box.height - top }
  if (series.length === 0) return label(box.width / 2 - 24, box.height / 2 + 6, 'No data', { size: 12, color: faint })
  const limit = thresholdOf(panel)
  const unit = unitOf(panel)
  const values = series.flatMap(({ points }) => points.map(([, value]) => value))
  const { end, step } = axisOf(Math.max(2 * (limit ?? 0), ...values), unit)
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...inner })
  const small = { fontSize: 9, fontFamily: font }
  try {
    chart.setOption({
      animation: false,
      color: colors,
      grid: { left: 12, right: 18, top: 10, bottom: 8 + 16 * legendRows(series, box.width), containLabel: true },
      legend: {
        bottom: 0,
        left: 8,
        width: box.width - 16,
        icon: 'roundRect',
        itemWidth: 10,
        itemHeight: 3,
        itemGap: 14,
        textStyle: { ...small, color: ink, padding: [0, 6, 0, 0] },
      },
      xAxis: {
        type: 'time',
        splitNumber: 4,
        axisLabel: { ...small, color: faint, hideOverlap: true, formatter: timeOfDay },
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: end,
        interval: step,
        axisLabel: { ...small, color: faint, formatter: (value: number) => withUnit(value, unit) },
        splitLine: { lineStyle: { color: '#eceff1' } },
      },
      series: series.map(({ name, points }, index) => ({
        type: 'line',
        name,
        showSymbol: points.length === 1,
        lineStyle: { width: 1.4 },
        areaStyle: { opacity: 0.08 },
        data: points.map(([seconds, value]) => [seconds * 1000, value]),
        ...(index === 0 && limit !== undefined && { markLine: thresholdLine(limit) }),
      })),
    })
    return placed(
      0,
      top,
      inner,
      chart
        .renderToSVGString()
        .replace(/^<svg[^>]*>/, '')
        .replace(/<\/svg>\s*$/, ''),
    )
  } finally {
    chart.dispose()
  }
}

function timeOfDay(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(11, 19)
}

function thresholdLine(limit: number): object {
  const lineStyle = { color: '#e02f44', type: 'dashed' }
  return { silent: true, symbol: 'none', label: { show: false }, lineStyle, data: [{ yAxis: limit }] }
}

/** Rows the legend takes, by the width of its letters and what stands around them. */
function legendRows(series: readonly Series[], width: number): number {
  let rows = 1
  let left = 0
  for (const { name } of series) {
    const needed = name.length * 6 + 32
    if (left + needed > width - 16) {
      rows += 1
      left = 0
    }
    left += needed
  }
  return rows
}

function placed(x: number, y: number, { width, height }: Box, content: string): string {
  return `<svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`
}

function label(
  x: number,
  y: number,
  text: string,
  { size, weight = 'normal', color = ink }: { size: number; weight?: string; color?: string },
): string {
  return `<text x="${x}" y="${y}" font-family="${font}" font-size="${size}" font-weight="${weight}" fill="${color}">${escaped(text)}</text>`
}

function unitOf(panel: PanelJson): string {
  return panel.fieldConfig?.defaults.unit ?? 'short'
}

function thresholdOf(panel: PanelJson): number | undefined {
  return panel.fieldConfig?.defaults.thresholds.steps.at(-1)?.value ?? undefined
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
