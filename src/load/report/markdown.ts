import { conditionsOf, type Grid, runsGrid } from './grid.ts'
import type { LoadReport } from './load-report.ts'
import { mainGrid } from './text.ts'

/** The results for a pull request or a wiki. */
export function markdownReport(report: LoadReport): string {
  const missed = report.missed.map(sentence => `- ${escaped(sentence)}\n`).join('')
  return [
    `${escaped(conditionsOf(report))}\n`,
    table(mainGrid(report)),
    ...(missed === '' ? [] : [`Missed:\n\n${missed}`]),
    `<details><summary>Every run</summary>\n\n${table(runsGrid(report))}\n</details>\n`,
  ].join('\n')
}

function table({ heading, rows }: Grid): string {
  return [heading, heading.map(() => '---'), ...rows].map(row => `| ${row.map(escaped).join(' | ')} |\n`).join('')
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}
