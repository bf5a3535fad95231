import { completionGrid, conditionsOf, remarks, type Grid, resultsGrid } from './grid.ts'
import type { LoadReport } from './load-report.ts'

/** The results for a terminal. */
export function textReport(report: LoadReport): string {
  const said = remarks(report).map(sentence => `${sentence}\n`)
  return [`${conditionsOf(report)}\n\n`, drawn(mainGrid(report)), ...(said.length === 0 ? [] : ['\n', ...said])].join(
    '',
  )
}

/** The table a reader is after: where ways of completion are compared, the one of the protocol's history. */
export function mainGrid(report: LoadReport): Grid {
  return isAboutCompletion(report) ? completionGrid(report) : resultsGrid(report)
}

/** Whether a final read was measured. */
export function isAboutCompletion({ targets }: LoadReport): boolean {
  return targets.some(({ completion }) => completion === 'read')
}

function drawn({ heading, rows }: Grid): string {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
