import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { methods } from '../protocol/method-table.ts'
import { disconnected, isTransportLoss, isWorthRetrying } from './call-errors.ts'
import type { Dial } from './channel.ts'
import { type Deadline, orAborted, pause, withDeadline } from './deadline.ts'
import { decodeResult } from './decode-result.ts'
import { durationText } from './durations.ts'
import { Generation, type GenerationEvents } from './generation.ts'
import { type HandshakeOptions, shakeHands } from './handshake.ts'
import type { ProcessRoutes } from './process-routes.ts'
import type { RemoteProcess } from './remote-process.ts'

/** Processes that are read at the same time while catching up. */
const readsAtOnce = 64

export interface RecoveryLimits {
  /** How long an outage may last, and then how long may pass until the server tells something of what was missed. */
  readonly recoveryMs: number
  /** Between the end of one attempt and the next. */
  readonly retryMs: number
}

export interface RecoveryOptions {
  readonly dial: Dial
  readonly handshake: HandshakeOptions
  readonly limits: RecoveryLimits
  /** Whether there was an attempt just now, so that the first is not due at once. */
  readonly isFurtherAttempt: boolean
  readonly timers: Timers
  readonly routes: ProcessRoutes
  /** Settles when no start is in flight on the connection that broke. */
  readonly startsDecided: Promise<unknown>
  /** Makes the listener of one attempt's connection. */
  readonly events: (candidate: () => Generation | undefined) => GenerationEvents
  readonly signal: AbortSignal
}

/**
 * Takes the session up on a new connection, again and again until it works or the time is over. Resolves to a generation that
 * has caught up with every process.
 * @throws GatewayError why it is over for good; the reason of the signal when that aborts
 */
export async function recover(options: RecoveryOptions): Promise<Generation> {
  const { limits, timers } = options
  const tooLate = () => new GatewayError('sessionLost', `recovery timed out after ${durationText(limits.recoveryMs)}`)
  using deadline = withDeadline(timers, options.signal, limits.recoveryMs, tooLate)
  const { signal } = deadline
  await orAborted(options.startsDecided, signal)
  if (options.isFurtherAttempt) await pause(timers, limits.retryMs, signal)
  for (;;) {
    try {
      return await attempt(options, deadline)
    } catch (error) {
      signal.throwIfAborted()
      if (!isWorthRetrying(error)) throw error
    }
    await pause(timers, limits.retryMs, signal)
  }
}

async function attempt(options: RecoveryOptions, deadline: Deadline): Promise<Generation> {
  const { signal } = deadline
  const channel = await options.dial(signal)
  let started: Generation | undefined
  for (const process of options.routes.recoverable()) process.expectCatchUp()
  const candidate = Generation.start(
    channel,
    options.events(() => started),
  )
  started = candidate
  try {
    await shakeHands(candidate, options.handshake, options.timers, signal)
    await catchUp(candidate, options.routes, deadline)
    if (candidate.isOver) throw disconnected()
    return candidate
  } catch (error) {
    void candidate.close()
    throw error
  }
}

/** Reads what every process did meanwhile, several at a time. */
async function catchUp(candidate: Generation, routes: ProcessRoutes, deadline: Deadline): Promise<void> {
  const waiting = routes.recoverable().values()
  const worker = async () => {
    for (const process of waiting) await catchUpWith(process, candidate, routes, deadline)
  }
  await Promise.all(Array.from({ length: readsAtOnce }, worker))
}

/** A process that cannot be caught up with is ended and fails alone. */
async function catchUpWith(
  process: RemoteProcess,
  candidate: Generation,
  routes: ProcessRoutes,
  deadline: Deadline,
): Promise<void> {
  const { signal } = deadline
  const { lastSeq } = process
  try {
    const params = { processId: process.id, afterSeq: lastSeq, maxBytes: null, waitMs: 0 }
    const reply = await candidate.call({ method: 'process/read', params, signal })
    process.caughtUp(decodeResult(methods['process/read'].result, reply))
    // A slow network may take long for everything.
    if (process.lastSeq > lastSeq) deadline.restart()
    if (process.isClosed) routes.remove(process)
  } catch (error) {
    signal.throwIfAborted()
    if (isTransportLoss(error)) throw error
    await terminate(process, candidate, signal)
    const problem = error instanceof Error ? error.message : String(error)
    routes.fail(process, `failed to recover process ${process.id}: ${problem}`)
  }
}

async function terminate(process: RemoteProcess, candidate: Generation, signal: AbortSignal): Promise<void> {
  try {
    const params = { processId: process.id }
    await candidate.call({ method: 'process/terminate', params, lane: 'cleanup', signal })
  } catch (error) {
    if (signal.aborted || isTransportLoss(error)) throw error
  }
}
