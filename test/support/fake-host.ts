import { Ledger } from '../../src/lifecycle/ledger.ts'
import { Timers } from '../../src/lifecycle/timers.ts'
import { ChunkMemory } from '../../src/processes/chunk-memory.ts'
import { ClosedProcesses } from '../../src/processes/closed-processes.ts'
import type { Launch, StandardStreams } from '../../src/processes/engine.ts'
import type { ProcessHost } from '../../src/processes/process-host.ts'
import { OomEvents } from '../../src/processes/oom-events.ts'
import { OutputBudget } from '../../src/processes/output-budget.ts'
import type { ProcessLimits } from '../../src/processes/process-limits.ts'
import { ProcessMetrics } from '../../src/processes/process-metrics.ts'
import { FakeEngine } from './fake-engine.ts'

const defaultLimits: ProcessLimits = {
  stdinQueueBytes: 10,
  detachedOutputBytes: 8 * 1024 * 1024,
  closedProcessMs: 80_000,
  maxClosedProcesses: 100,
  closedOutputBytes: 1024 * 1024 * 1024,
  graceMs: 2000,
  maxProcesses: 100,
  maxSessionProcesses: 100,
  retainedOutputBytes: 1024 * 1024 * 1024,
  waitingInputBytes: 1000,
}

export interface FakeHost extends ProcessHost {
  readonly engine: FakeEngine
}

/** What processes share, without an operating system below. */
export function fakeHost(changed: Partial<ProcessLimits> = {}): FakeHost {
  const ledger = new Ledger()
  const timers = new Timers(ledger)
  const limits = { ...defaultLimits, ...changed }
  return {
    engine: new FakeEngine(),
    ledger,
    timers,
    metrics: new ProcessMetrics(),
    limits,
    closed: new ClosedProcesses(timers, limits),
    output: new OutputBudget({ ...limits, maxSessions: 10 }),
    memory: new ChunkMemory(),
    oom: new OomEvents(),
  }
}

export function launchOf(program: string, streams: StandardStreams = 'pipes'): Launch {
  return { argv: [program], arg0: undefined, cwd: Buffer.from('/'), environment: new Map(), streams }
}
