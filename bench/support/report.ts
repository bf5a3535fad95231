import { type Finding, type Quantity, verdictOn } from './bench.ts'

const columns = ['bench', 'measured', 'result', 'bound', 'verdict'] as const
/** The last column needs no width. */
const widths = [34, 88, 10, 10, 0] as const

/** Three significant digits, or all there are before the point. */
function written({ value, unit }: Quantity): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return `${value.toFixed(digits)} ${unit}`
}

function cellsOf(finding: Finding): string[] {
  const { name, measured, judged, bound } = finding
  return [
    name,
    measured.map(measurement => `${measurement.label} ${written(measurement)}`).join(', '),
    judged === undefined ? '–' : written(judged),
    'atMost' in bound ? `≤ ${bound.atMost}` : `≥ ${bound.atLeast}`,
    verdictOn(finding),
  ]
}

function textLine(cells: readonly string[]): string {
  return `${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}\n`
}

export const textHeading = textLine(columns)

export function textRow(finding: Finding): string {
  return textLine(cellsOf(finding))
}

/** One object a row. */
export function json(findings: readonly Finding[]): string {
  return `${JSON.stringify(
    findings.map(finding => ({ ...finding, verdict: verdictOn(finding) })),
    undefined,
    2,
  )}\n`
}

/** The table of docs/performance.md, with what it was measured on. */
export function markdown(findings: readonly Finding[], machine: string): string {
  const rows = [columns, columns.map(() => '---'), ...findings.map(cellsOf)]
  return `${machine}\n\n${rows.map(cells => `| ${cells.join(' | ')} |\n`).join('')}`
}
