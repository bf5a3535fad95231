import { setMaxListeners } from 'node:events'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { Clock } from './clock.ts'
import type { Operation } from './operation.ts'
import type { Pace } from './pace.ts'
import type { RunRecord } from './run-record.ts'

export interface Work {
  /** One for each worker. */
  readonly operations: readonly Operation[]
  readonly pace: Pace
  readonly clock: Clock
  readonly record: RunRecord
  /** Told after each operation; the latency is undefined for one that failed. */
  readonly operationDone: (latencyMs: number | undefined, share: number) => void
  readonly signal: AbortSignal
}

/**
 * Has all workers do operations until the pace has no more. An operation's time begins when it is due, not when a worker
 * gets to it: what waits because others take long has waited for the server.
 * @throws GatewayError `sessionLost` when a session is gone and nothing more can be measured, or the reason of the signal
 */
export async function perform({ operations, pace, clock, record, operationDone, signal }: Work): Promise<void> {
  const startedMs = clock.now()
  const elapsedMs = () => clock.now() - startedMs

  const abort = new AbortController()
  setMaxListeners(0, abort.signal)
  const working = AbortSignal.any([signal, abort.signal])
  setMaxListeners(0, working)
  const workWith = async (operation: Operation) => {
    for (let dueMs = pace.next(elapsedMs()); dueMs !== undefined; dueMs = pace.next(elapsedMs())) {
      if (elapsedMs() < dueMs) {
        await clock.until(startedMs + dueMs, working)
        record.lateness.recordMs(elapsedMs() - dueMs)
      }
      let latencyMs: number | undefined
      try {
        const phases = await operation(working)
        const atMs = elapsedMs()
        latencyMs = atMs - dueMs
        record.succeeded({ atMs, latencyMs, phases })
      } catch (error) {
        working.throwIfAborted()
        countError(record, error)
      }
      operationDone(latencyMs, pace.share(elapsedMs()))
    }
  }

  const workers = operations.map(workWith)
  try {
    await Promise.all(workers)
  } catch (error) {
    // Nobody works on when the run is over.
    abort.abort(error)
    await Promise.allSettled(workers)
    throw error
  }
  record.elapsedMs = elapsedMs()
}

function countError(record: RunRecord, error: unknown): void {
  if (!(error instanceof GatewayError)) return record.failed('unexpected', String(error))
  if (error.kind === 'sessionLost') throw error
  record.failed(error.kind, error.message)
}
