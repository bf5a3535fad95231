/** A point in the units of the axes. */
export type Point = readonly [x: number, y: number]

export interface Series {
  readonly name: string
  /** A CSS colour. */
  readonly colour: string
  readonly points: readonly Point[]
  /** Default solid. */
  readonly isDashed?: boolean
}

export interface Axis {
  readonly label: string
  readonly scale: 'linear' | 'log'
  /** Where the axis is marked, and how; in ascending order, within its range. */
  readonly ticks: readonly (readonly [at: number, label: string])[]
  readonly from: number
  readonly to: number
}

export interface Plot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const size = { width: 860, height: 320 } as const
const margin = { top: 12, right: 16, bottom: 44, left: 72 } as const

/** Lines over two axes as SVG that needs nothing else. */
export function svgPlot({ title, x, y, series }: Plot): string {
  const across = positions(x, margin.left, size.width - margin.right)
  const upwards = positions(y, size.height - margin.bottom, margin.top)
  const bottom = size.height - margin.bottom
  return [
    `<svg role="img" aria-label="${escapeMarkup(title)}" viewBox="0 0 ${size.width} ${size.height}">`,
    ...x.ticks.map(([at, label]) => {
      const left = across(at)
      return (
        `<line class="grid" x1="${left}" x2="${left}" y1="${margin.top}" y2="${bottom}"/>` +
        `<text x="${left}" y="${bottom + 16}" text-anchor="middle">${escapeMarkup(label)}</text>`
      )
    }),
    ...y.ticks.map(([at, label]) => {
      const height = upwards(at)
      return (
        `<line class="grid" x1="${margin.left}" x2="${size.width - margin.right}" y1="${height}" y2="${height}"/>` +
        `<text x="${margin.left - 6}" y="${height + 4}" text-anchor="end">${escapeMarkup(label)}</text>`
      )
    }),
    `<text x="${(margin.left + size.width - margin.right) / 2}" y="${size.height - 8}" text-anchor="middle">${escapeMarkup(x.label)}</text>`,
    `<text x="14" y="${bottom / 2}" text-anchor="middle" transform="rotate(-90 14 ${bottom / 2})">${escapeMarkup(y.label)}</text>`,
    ...series.map(({ name, colour, points, isDashed = false }) => {
      const path = points.map(([px, py]) => `${across(px)},${upwards(py)}`).join(' ')
      const dashes = isDashed ? ' stroke-dasharray="4 4"' : ''
      return `<polyline points="${path}" stroke="${colour}"${dashes}><title>${escapeMarkup(name)}</title></polyline>`
    }),
    '</svg>',
  ].join('\n')
}

/** Text as it may stand in HTML and SVG, attributes included. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** From a value of an axis to a place in the picture; what lies beyond the range is drawn at its end. */
function positions({ scale, from, to }: Axis, first: number, last: number): (value: number) => number {
  const place = scale === 'log' ? Math.log10 : (value: number) => value
  const span = place(to) - place(from) || 1
  return value => {
    const inRange = Math.min(Math.max(value, from), to)
    return Math.round((first + ((place(inRange) - place(from)) / span) * (last - first)) * 10) / 10
  }
}
