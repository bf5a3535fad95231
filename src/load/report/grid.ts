import type { Interval } from '../bootstrap.ts'
import type { ComparedTarget, LoadReport } from './load-report.ts'
import { inMs, inPercent, inShort } from './numbers.ts'

/** A table before it is drawn. */
export interface Grid {
  readonly heading: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The figures of all targets; the interval behind a figure is its 95 % confidence over the runs. */
export function resultsGrid({ targets }: LoadReport): Grid {
  return {
    heading: ['target', 'p50', 'p95', 'p99', 'max', 'per second', 'errors', 'change of p50'],
    rows: targets.map(target => {
      const { confidence95 } = target
      return [
        target.name,
        withInterval(inMs(target.p50Ms), confidence95.p50Ms),
        withInterval(inMs(target.p95Ms), confidence95.p95Ms),
        withInterval(inMs(target.p99Ms), confidence95.p99Ms),
        inMs(target.maxMs),
        inShort(target.perSecond),
        errorsOf(target),
        changeOf(target),
      ]
    }),
  }
}

/** How the end of a command was learned, as the protocol's history tells it: what a final read costs. */
export function completionGrid({ targets }: LoadReport): Grid {
  return {
    heading: ['completion', 'end to end p50', 'end to end p95', 'wait p50', 'final read p50', 'change', 'errors'],
    rows: targets.map(target => [
      target.name,
      inMs(target.p50Ms),
      inMs(target.p95Ms),
      inMs(target.phasesP50Ms.wait),
      target.completion === 'events' ? 'none' : inMs(target.phasesP50Ms.finalRead),
      changeOf(target),
      errorsOf(target),
    ]),
  }
}

/** Every run for itself. */
export function runsGrid({ targets }: LoadReport): Grid {
  return {
    heading: ['target', 'run', 'p50', 'p95', 'p99', 'max', 'per second', 'errors'],
    rows: targets.flatMap(({ name, runs }) =>
      runs.map((run, index) => [
        name,
        String(index + 1),
        inMs(run.p50Ms),
        inMs(run.p95Ms),
        inMs(run.p99Ms),
        inMs(run.maxMs),
        inShort(run.perSecond),
        String(run.errors),
      ]),
    ),
  }
}

/** What a reader should know about the figures, target by target. */
export function remarks({ targets }: LoadReport): string[] {
  return targets.flatMap(({ name, firstErrors, generatorLateP99Ms }) => [
    ...Object.entries(firstErrors).map(([kind, message]) => `${name}, first ${kind}: ${message}`),
    ...(generatorLateP99Ms === null
      ? []
      : [`${name}: the load generator began one operation in a hundred ${inMs(generatorLateP99Ms)} late or more`]),
  ])
}

/** What was done, in a sentence. */
export function conditionsOf(report: LoadReport): string {
  const { scenario, loop, ratePerSecond, concurrency, iterations, durationMs, rttMs, targets } = report
  const runs = targets[0]?.runs.length ?? 0
  const extent = iterations === null ? `${inShort((durationMs ?? 0) / 1000)} s` : `${iterations} operations`
  const workers = `${concurrency} ${concurrency === 1 ? 'worker' : 'workers'}`
  const pace = loop === 'open' ? `open loop at ${ratePerSecond} in a second, ${workers}` : `closed loop of ${workers}`
  const distance = rttMs === 0 ? '' : `, round trip of ${rttMs} ms in front of it`
  return `${scenario}: ${runs} ${runs === 1 ? 'run' : 'runs'} of ${extent}, ${pace}${distance}`
}

function withInterval(figure: string, interval: Interval | null): string {
  return interval === null ? figure : `${figure} (${inShort(interval.low)}–${inShort(interval.high)})`
}

function errorsOf({ errors, errorKinds }: ComparedTarget): string {
  if (errors === 0) return '0'
  const kinds = Object.entries(errorKinds).map(([kind, count]) => `${kind} ${count}`)
  return `${errors} (${kinds.join(', ')})`
}

function changeOf({ change }: ComparedTarget): string {
  if (change === null) return '–'
  const { p50, p50Confidence95: interval } = change
  if (interval === null) return inPercent(p50)
  return `${inPercent(p50)} (${inPercent(interval.low)} to ${inPercent(interval.high)})`
}
