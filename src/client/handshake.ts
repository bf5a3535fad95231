import type { Timers } from '../lifecycle/timers.ts'
import { initializedNotification, methods, type Result } from '../protocol/method-table.ts'
import { handshakeTimedOut, protocolViolation } from './call-errors.ts'
import { withDeadline } from './deadline.ts'
import { decodeResult } from './decode-result.ts'
import type { Generation } from './generation.ts'

export interface HandshakeOptions {
  readonly clientName: string
  readonly timeoutMs: number
  /** A session to take up; undefined starts a new one. */
  readonly resumeSessionId: string | undefined
  /** The session must turn out to be this one. */
  readonly expectedSessionId?: string
}

/** `initialize`, its reply and `initialized`, within the time they may take together. */
export async function shakeHands(
  generation: Generation,
  options: HandshakeOptions,
  timers: Timers,
  signal: AbortSignal,
): Promise<Result<'initialize'>> {
  const { clientName, timeoutMs, resumeSessionId = null, expectedSessionId } = options
  using deadline = withDeadline(timers, signal, timeoutMs, () => handshakeTimedOut(timeoutMs))
  const params = { clientName, resumeSessionId }
  const reply = await generation.call({ method: 'initialize', params, signal: deadline.signal })
  const initialized = decodeResult(methods.initialize.result, reply)
  const { sessionId } = initialized
  if (expectedSessionId !== undefined && sessionId !== expectedSessionId) {
    throw protocolViolation(`exec-server initialized an unexpected session ${sessionId}`)
  }
  generation.notify(initializedNotification, {})
  return initialized
}
