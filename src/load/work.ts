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

  const workWith = async (operation: Operation) => {
    for (let dueMs = pace.next(elapsedMs()); dueMs !== undefined; dueMs = pace.next(elapsedMs())) {
      await clock.until(startedMs + dueMs, signal)
      let latencyMs: number | undefined
      try {
        const phases = await operation(signal)
        const atMs = elapsedMs()
        latencyMs = atMs - dueMs
        record.succeeded({ atMs, latencyMs, phases })
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof GatewayError && error.kind === 'sessionLost') throw error
        record.failed(error instanceof GatewayError ? error.kind : 'unexpected')
      }
      operationDone(latencyMs, pace.share(elapsedMs()))
    }
  }

  await Promise.all(operations.map(workWith))
  record.elapsedMs = elapsedMs()
}
