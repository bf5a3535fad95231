import { ChunkMemory } from '../../src/processes/chunk-memory.ts'
import type { Waiter } from '../../src/processes/delivery.ts'
import { OutputBudget, type SessionOutput } from '../../src/processes/output-budget.ts'
import { OutputLog, type OutputObserver } from '../../src/processes/output-log.ts'
import type { OutputChunk } from '../../src/protocol/process-schemas.ts'
import { FakeDelivery } from './fake-delivery.ts'

/** Counts what a log loses. */
export class LossCounter implements OutputObserver {
  evictedBytes = 0
  gaps = 0

  evicted(bytes: number): void {
    this.evictedBytes += bytes
  }

  gapSeen(): void {
    this.gaps += 1
  }
}

export interface FakeLog {
  readonly log: OutputLog
  readonly delivery: FakeDelivery
  readonly losses: LossCounter
  readonly owner: Waiter
}

function unlimited(): SessionOutput {
  return new OutputBudget({ retainedOutputBytes: Infinity, maxSessions: 1 }).session()
}

/** A log whose owner evicts when the peer confirms, as a process does. */
export function fakeLog(
  options: {
    detachedOutputBytes?: number
    isDetached?: boolean
    session?: SessionOutput
    memory?: ChunkMemory
  } = {},
): FakeLog {
  const delivery = new FakeDelivery()
  const losses = new LossCounter()
  const owner: Waiter = {
    roomMade: () => log.seal(),
    acknowledged: () => log.evict(),
  }
  const log: OutputLog = new OutputLog({
    processId: 'p',
    detachedOutputBytes: options.detachedOutputBytes ?? 8 * 1024 * 1024,
    kept: (options.session ?? unlimited()).process(owner),
    memory: options.memory ?? new ChunkMemory(),
    owner,
    observer: losses,
    delivery: options.isDetached === true ? undefined : delivery,
  })
  return { log, delivery, losses, owner }
}

/** One word for each chunk of a page. */
export function summaryOf(chunks: readonly OutputChunk[]): string[] {
  return chunks.map(({ seq, stream, chunk }) => `${seq} ${stream} ${Buffer.from(chunk, 'base64').toString()}`)
}
