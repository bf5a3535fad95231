import { randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type ArmRecord, type LoadObserver, type LoadPlan, runLoadTest } from '../load/load-test.ts'
import { htmlReport } from '../load/report/html.ts'
import type { LoadReport } from '../load/report/load-report.ts'
import { markdownReport } from '../load/report/markdown.ts'
import { figuresOf, summarise } from '../load/report/summarise.ts'
import { textReport } from '../load/report/text.ts'
import { completions } from '../load/scenario.ts'
import { missedBy } from '../load/thresholds.ts'
import type { LoadExport } from '../telemetry/load-export.ts'
import { readOtlpEnvironment } from '../telemetry/otlp-environment.ts'
import type { LoadSettings } from './load-options.ts'
import { ProgressBar } from './progress-bar.ts'
import { version } from './version.ts'

const defaultIterations = 100
const defaultConcurrency = { closed: 1, open: 32 } as const

export interface LoadCommand {
  readonly settings: LoadSettings
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdout: Pick<NodeJS.WriteStream, 'write'>
  readonly stderr: ConstructorParameters<typeof ProgressBar>[0]
  readonly signal: AbortSignal
}

/**
 * Measures, prints the results, and tells the exit status: 1 when a threshold was missed.
 * @throws GatewayError when a target cannot be measured, the reason of the signal, or Error when a file cannot be written
 */
export async function runLoadCommand({ settings, environment, stdout, stderr, signal }: LoadCommand): Promise<number> {
  const plan = planOf(settings)
  const warn = (sentence: string) => void stderr.write(`execgate: ${sentence}\n`)
  // Before the test: it may take hours.
  await using html = settings.html === undefined ? undefined : await open(settings.html, 'a')
  const { report, arms } = await measure(plan, settings, { environment, stderr, warn, signal })
  stdout.write(printed(report, settings))
  if (html !== undefined) await replaceContents(html, htmlReport(report, arms))
  for (const sentence of report.missed) warn(sentence)
  return report.missed.length === 0 ? 0 : 1
}

/** What is no file, such as a pipe, has nothing to be replaced. */
async function replaceContents(file: FileHandle, text: string): Promise<void> {
  if ((await file.stat()).isFile()) await file.truncate()
  await file.writeFile(text)
}

async function measure(
  plan: LoadPlan,
  settings: LoadSettings,
  {
    environment,
    stderr,
    warn,
    signal,
  }: Pick<LoadCommand, 'environment' | 'stderr' | 'signal'> & { warn: (sentence: string) => void },
): Promise<{ report: LoadReport; arms: readonly ArmRecord[] }> {
  await using exported = await openExport(environment, warn)
  using bar = new ProgressBar(stderr)
  const arms = await runLoadTest(plan, observerOf(plan, bar, exported), signal)
  const summary = summarise(plan, arms, settings.seed)
  return { arms, report: { ...summary, missed: summary.targets.flatMap(target => missedBy(target, settings)) } }
}

/** What is to be measured, with the defaults that depend on other options. */
export function planOf(settings: LoadSettings): LoadPlan {
  const { scenario, targets, runs, iterations = defaultIterations, durationMs, ratePerSecond, completion } = settings
  const loop = ratePerSecond === undefined ? 'closed' : 'open'
  return {
    scenario,
    targets,
    completions: completion === 'both' ? completions.toReversed() : [completion],
    settings: { sessions: settings.sessions, streamBytes: settings.streamBytes },
    runs,
    extent: durationMs === undefined ? { iterations } : { durationMs },
    ratePerSecond,
    concurrency: settings.concurrency ?? defaultConcurrency[loop],
    rttMs: settings.rttMs,
    timeoutMs: settings.timeoutMs,
  }
}

function printed(report: LoadReport, { json, markdown }: LoadSettings): string {
  if (json) return `${JSON.stringify(report)}\n`
  return markdown ? markdownReport(report) : textReport(report)
}

function observerOf({ scenario }: LoadPlan, bar: ProgressBar, exported: LoadExport | undefined): LoadObserver {
  return {
    operationDone: ({ name: target }, latencyMs, share) => {
      bar.show(share, target)
      if (latencyMs === undefined) exported?.failed({ scenario, target })
      else exported?.succeeded({ scenario, target }, latencyMs)
    },
    runDone: ({ name: target }, run) => {
      const { p50Ms: p50, p95Ms: p95, p99Ms: p99, maxMs: max, perSecond } = figuresOf(run)
      exported?.runDone({ scenario, target }, { p50, p95, p99, max }, perSecond)
    },
  }
}

async function openExport(
  environment: LoadCommand['environment'],
  warn: (sentence: string) => void,
): Promise<LoadExport | undefined> {
  // Spans and logs are a gateway's.
  const settings = readOtlpEnvironment({ ...environment, OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' })
  for (const warning of settings.warnings) warn(warning)
  if (!settings.exported.has('metrics')) return undefined
  const { LoadExport } = await import('../telemetry/load-export.ts')
  return LoadExport.start({ settings, instance: randomUUID(), version, warn })
}
