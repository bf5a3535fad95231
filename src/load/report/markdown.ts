import { conditionsOf, remarks, type Grid, runsGrid } from './grid.ts'
import type { LoadReport } from './load-report.ts'
import { mainGrid } from './text.ts'

/** The results for a pull request or a wiki. */
export function markdownReport(report: LoadReport): string {
  return [
    `${escaped(conditionsOf(report))}\n`,
    table(mainGrid(report)),
    ...list('Remarks', remarks(report)),
    ...list('Missed', report.missed),
    `<details><summary>Every run</summary>\n\n${table(runsGrid(report))}\n</details>\n`,
  ].join('\n')
}

function list(title: string, sentences: readonly string[]): string[] {
  if (sentences.length === 0) return []
  return [`${title}:\n\n${sentences.map(sentence => `- ${escaped(sentence)}\n`).join('')}`]
}

function table({ heading, rows }: Grid): string {
  return [heading, heading.map(() => '---'), ...rows].map(row => `| ${row.map(escaped).join(' | ')} |\n`).join('')
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}
