import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { withDeadline } from '../client/deadline.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ScenarioName } from '../telemetry/load-metrics.ts'
import { type Clock, realClock } from './clock.ts'
import type { Operation } from './operation.ts'
import { ConstantRate, type Extent, type Pace, WhenFree } from './pace.ts'
import { RunRecord } from './run-record.ts'
import type { Completion, ScenarioSettings } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { type StageOptions, TargetStage } from './stage.ts'
import { perform } from './work.ts'

export interface Target {
  /** How it is called in results. */
  readonly name: string
  /** `ws:` or `wss:`. */
  readonly url: string
}

export interface LoadPlan {
  readonly scenario: ScenarioName
  readonly targets: readonly Target[]
  /** Each target is measured with each of them. */
  readonly completions: readonly Completion[]
  readonly settings: Omit<ScenarioSettings, 'completion'>
  /** Of each arm. */
  readonly runs: number
  readonly extent: Extent
  /** Operations in a second of an open loop; undefined for a closed one. */
  readonly ratePerSecond: number | undefined
  readonly concurrency: number
  readonly rttMs: number
  /** After this long an operation counts as an error. */
  readonly timeoutMs: number
}

/** What is compared: a target with a way of learning that a command is over. */
export interface Arm {
  readonly name: string
  readonly target: Target
  readonly completion: Completion
}

export interface ArmRecord {
  readonly arm: Arm
  readonly runs: readonly RunRecord[]
}

export interface LoadObserver {
  /** The latency is undefined for an operation that failed; `share` of the whole test is behind it, from 0 to 1. */
  operationDone(arm: Arm, latencyMs: number | undefined, share: number): void
  runDone(arm: Arm, run: RunRecord): void
}

/** What every arm of a test shares. */
interface Conditions {
  readonly plan: LoadPlan
  readonly timers: Timers
  readonly clock: Clock
  readonly startedMs: number
  readonly signal: AbortSignal
}

/**
 * Measures all arms run by run in the order A B B A A B B A: whatever else the machines do, now or increasingly, favours none.
 * Each run has sessions of its own, and an operation of each worker before it that does not count.
 * @throws GatewayError when a target cannot be measured, or the reason of the signal
 */
export async function runLoadTest(plan: LoadPlan, observer: LoadObserver, signal: AbortSignal): Promise<ArmRecord[]> {
  // Every session and operation listens.
  setMaxListeners(0, signal)
  const timers = new Timers(new Ledger())
  const clock = realClock(timers)
  const conditions: Conditions = { plan, timers, clock, startedMs: clock.now(), signal }
  const forward = armsOf(plan).map(arm => ({ arm, runs: [] as RunRecord[] }))
  const backward = forward.toReversed()
  const turns = Array.from({ length: plan.runs }, (_, run) => (run % 2 === 0 ? forward : backward)).flat()
  for (const [turn, { arm, runs }] of turns.entries()) {
    const run = await measure(arm, conditions, (latencyMs, share) => {
      observer.operationDone(arm, latencyMs, (turn + share) / turns.length)
    })
    runs.push(run)
    observer.runDone(arm, run)
  }
  return forward
}

function armsOf({ targets, completions }: LoadPlan): Arm[] {
  return targets.flatMap(target =>
    completions.map(completion => ({
      name: completions.length === 1 ? target.name : `${target.name} ${completion}`,
      target,
      completion,
    })),
  )
}

type OperationDone = (latencyMs: number | undefined, share: number) => void

async function measure(arm: Arm, conditions: Conditions, operationDone: OperationDone): Promise<RunRecord> {
  const { plan, timers, signal } = conditions
  const stageOptions = {
    url: arm.target.url,
    rttMs: plan.rttMs,
    settings: { ...plan.settings, completion: arm.completion },
    mark: randomUUID(),
    timers,
    signal,
  }
  try {
    const record = await runOn(stageOptions, conditions, operationDone)
    await countLeftovers(stageOptions, plan, record)
    return record
  } catch (error) {
    signal.throwIfAborted()
    throw cannotMeasure(arm, error)
  }
}

async function runOn(
  stageOptions: StageOptions,
  { plan, timers, clock, startedMs, signal }: Conditions,
  operationDone: OperationDone,
): Promise<RunRecord> {
  const scenario = scenarios[plan.scenario]
  await using stage = await TargetStage.open(stageOptions)
  await scenario.surround?.(stage)
  const prepared = await Promise.all(Array.from({ length: plan.concurrency }, () => scenario.prepare(stage)))
  const operations = prepared.map(operation => withTimeout(operation, plan.timeoutMs, timers))
  await Promise.all(operations.map(operation => operation(signal)))
  const record = new RunRecord(clock.now() - startedMs)
  await perform({ operations, pace: paceOf(plan), clock, record, operationDone, signal })
  return record
}

/** From outside: the sessions of the run are closed by now. */
async function countLeftovers(stageOptions: StageOptions, plan: LoadPlan, record: RunRecord): Promise<void> {
  const scenario = scenarios[plan.scenario]
  if (scenario.countLeftovers === undefined) return
  await using stage = await TargetStage.open(stageOptions)
  const leftovers = await scenario.countLeftovers(stage)
  if (leftovers > 0) record.failed('leftBehind', 'processes of the run live on although they were killed', leftovers)
}

function paceOf({ ratePerSecond, extent }: LoadPlan): Pace {
  return ratePerSecond === undefined ? new WhenFree(extent) : new ConstantRate(ratePerSecond, extent)
}

function withTimeout(operation: Operation, timeoutMs: number, timers: Timers): Operation {
  const reason = () => new GatewayError('timedOut', `an operation did not end within ${timeoutMs} ms`)
  return async signal => {
    using deadline = withDeadline(timers, signal, timeoutMs, reason)
    return await operation(deadline.signal)
  }
}

function cannotMeasure({ name }: Arm, error: unknown): GatewayError {
  const kind = error instanceof GatewayError ? error.kind : 'internal'
  const cause = error instanceof Error ? error.message : String(error)
  return new GatewayError(kind, `target ${name} cannot be measured: ${cause}`, { cause: error })
}
