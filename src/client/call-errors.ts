import { type ErrorData, type ErrorKind, errorKinds, GatewayError } from '../protocol/gateway-error.ts'
import { durationText } from './durations.ts'

/** What servers that speak through another transport answer when that one has broken. */
const relayedLoss = { code: -32000, message: 'JSON-RPC transport closed' } as const

/** An error reply as the caller gets it: of the kind its code stands for. */
export function rejectedBy(reply: {
  readonly code: number
  readonly message: string
  readonly data: unknown
}): GatewayError {
  if (reply.code === relayedLoss.code && reply.message === relayedLoss.message) return disconnected()
  const data: ErrorData | undefined = typeof reply.data === 'object' && reply.data !== null ? reply.data : undefined
  const kind = kindOf(reply.code, data)
  const message = `exec-server rejected request (${reply.code}): ${reply.message}`
  return new GatewayError(kind, message, data === undefined ? {} : { data })
}

/** Several kinds share -32603; what the gateway says beside it tells them apart. */
function kindOf(code: number, data: ErrorData | undefined): ErrorKind | 'rejected' {
  if (code === errorKinds.refused.code) {
    if (data?.limit !== undefined) return 'limitReached'
    return data?.traceId === undefined ? 'refused' : 'internal'
  }
  const kinds = Object.keys(errorKinds) as ErrorKind[]
  return kinds.find(kind => errorKinds[kind].code === code) ?? 'rejected'
}

export function disconnected(reason?: string): GatewayError {
  return new GatewayError('disconnected', disconnectMessage(reason))
}

export function disconnectMessage(reason: string | undefined): string {
  return reason === undefined ? 'exec-server transport disconnected' : `exec-server transport disconnected: ${reason}`
}

export function sessionLost(message: string, cause?: unknown): GatewayError {
  return new GatewayError('sessionLost', message, { cause })
}

export function protocolViolation(text: string): GatewayError {
  return new GatewayError('protocolViolation', `exec-server protocol error: ${text}`)
}

export function handshakeTimedOut(afterMs: number): GatewayError {
  const after = durationText(afterMs)
  return new GatewayError('connectTimedOut', `timed out waiting for exec-server initialize handshake after ${after}`)
}

/** Whether the call failed because its connection broke, so that another connection may still carry it. */
export function isTransportLoss(error: unknown): boolean {
  return error instanceof GatewayError && error.kind === 'disconnected'
}

/** Whether another attempt to resume a session may succeed. */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false
  return ['disconnected', 'connectFailed', 'connectTimedOut', 'sessionAttached'].includes(error.kind)
}
