import type { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import type { Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import type { ClosedProcesses } from './closed-processes.ts'
import type { Delivery } from './delivery.ts'
import type { Launch, ProcessEngine } from './engine.ts'
import type { OomEvents } from './oom-events.ts'
import type { OutputBudget, SessionOutput } from './output-budget.ts'
import type { ProcessOrigin } from './process-life.ts'
import type { ProcessLimits } from './process-limits.ts'
import type { ProcessMetrics } from './process-metrics.ts'

/** What the processes of one session share. */
export interface SessionShares {
  readonly output: SessionOutput
  /** Input in writes that wait for room. */
  readonly waitingInput: ByteAllowance
}

/** What every process of a gateway shares. */
export interface ProcessHost {
  readonly engine: ProcessEngine
  readonly ledger: Ledger
  readonly timers: Timers
  readonly metrics: ProcessMetrics
  readonly limits: ProcessLimits
  readonly closed: ClosedProcesses
  /** What the output of all open processes may take together. */
  readonly output: OutputBudget
  /** Where that output lies. */
  readonly memory: ChunkMemory
  readonly oom: OomEvents
}

export interface HostProcessOptions {
  readonly host: ProcessHost
  readonly id: string
  readonly launch: Launch
  readonly origin: ProcessOrigin
  readonly delivery: Delivery | undefined
  /** What the processes of its session share. */
  readonly session: SessionShares
  /** Called once, when the process has exited and its streams have ended. */
  readonly closed: () => void
}

/** A process in numbers; nothing that tells what it is. */
export interface ProcessSummary {
  readonly state: 'running' | 'exited' | 'closed'
  readonly launch: number
  readonly pid: number | undefined
  /** As `performance.now` tells. */
  readonly exitedAt: number | undefined
  readonly killedAt: number | undefined
  readonly ageMs: number
  readonly retainedBytes: number
  readonly queuedInputBytes: number
  readonly isHeldBack: boolean
  readonly polls: number
}
