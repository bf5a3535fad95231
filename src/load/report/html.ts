import type { ArmRecord } from '../load-test.ts'
import { conditionsOf, remarks, type Grid, resultsGrid, runsGrid } from './grid.ts'
import type { LoadReport } from './load-report.ts'
import { escapeMarkup } from './plot.ts'
import { colourOf, histogramPlot, percentilePlot, timePlot } from './plots.ts'
import { isAboutCompletion, mainGrid } from './text.ts'

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #8884; }
svg { width: 100%; height: auto; font-size: 11px; }
svg text { fill: currentColor; }
svg .grid { stroke: #8884; }
svg polyline { fill: none; stroke-width: 1.5; }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; }
.missed { color: #d62728; }`

/** The results as one file that needs nothing else: no script, no style sheet, no font from elsewhere. */
export function htmlReport(report: LoadReport, arms: readonly ArmRecord[]): string {
  const conditions = escapeMarkup(conditionsOf(report))
  const keys = arms.map(
    ({ arm }, index) => `<span class="key" style="background:${colourOf(index)}"></span>${escapeMarkup(arm.name)}`,
  )
  return `${[
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>execgate load: ${conditions}</title><style>${style}\n</style></head>`,
    '<body>',
    '<h1>execgate load</h1>',
    `<p>${conditions}</p>`,
    ...remarks(report).map(sentence => `<p>${escapeMarkup(sentence)}</p>`),
    ...report.missed.map(sentence => `<p class="missed">Missed: ${escapeMarkup(sentence)}</p>`),
    table(mainGrid(report)),
    ...(isAboutCompletion(report) ? [table(resultsGrid(report))] : []),
    `<p>${keys.join('')}</p>`,
    '<h2>Histogram</h2>',
    '<p>Share of the operations by latency, all runs together.</p>',
    histogramPlot(arms),
    '<h2>Percentiles</h2>',
    '<p>All runs together; each step to the right is a tenth as many operations.</p>',
    percentilePlot(arms),
    '<h2>Over time</h2>',
    '<p>Run by run, as they followed each other: means solid, maxima dashed.</p>',
    timePlot(arms),
    '<h2>Every run</h2>',
    table(runsGrid(report)),
    '<p>Figures of a target are medians of its runs; intervals are 95 % confidence by bootstrap over the runs.</p>',
    '</body>',
    '</html>',
  ].join('\n')}\n`
}

function table({ heading, rows }: Grid): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map(cell => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join('')}</tr>`
  return `<table>\n${[row(heading, 'th'), ...rows.map(cells => row(cells, 'td'))].join('\n')}\n</table>`
}
