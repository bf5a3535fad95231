import { parseJson } from './json-numbers.ts'
import { scanJson } from './json-scanner.ts'
import { describeMismatch } from './json-words.ts'
import type { BytesResult } from './bytes-result.ts'
import { parseAroundBase64 } from './long-base64.ts'
import type { ChunkMessage } from './outgoing-message.ts'

declare const requestIdBrand: unique symbol

/** The id of a request as JSON text, ready to be echoed: integers of all 64 bits keep their digits. */
export type RequestId = string & { readonly [requestIdBrand]: never }

/** The id of the reply to a message whose own id cannot be read. */
export const malformedId = '-1' as RequestId

/** W3C Trace Context as a request carries it: well-typed, not necessarily parsable. */
export interface TraceCarrier {
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
}

/**
 * A call the peer expects a reply to. Absent and null `params` are both `undefined`. Inside, an integer beyond
 * 2^53 - 1 is a bigint, and what is not a 64-bit integer a DecimalToken.
 */
export interface RequestMessage {
  readonly kind: 'request'
  readonly id: RequestId
  readonly method: string
  readonly params: unknown
  readonly trace: TraceCarrier | undefined
}

/** One decoded message; section "Messages" of docs/protocol.md. */
export type Message =
  | RequestMessage
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'response'; readonly id: RequestId }
  | { readonly kind: 'error'; readonly id: RequestId }
  /** The id is there if it could be read although something else in the message is wrong. */
  | { readonly kind: 'malformed'; readonly id: RequestId | undefined; readonly detail: string }

/**
 * Decodes one message, of which there may be the text or, for long ones, the valid UTF-8. Never throws: what cannot be decoded
 * is a `malformed` message.
 */
export function decodeMessage(message: string | Buffer): Message {
  if (typeof message === 'string') return decodeText(message)
  const value = parseAroundBase64(message)
  return value === undefined ? decodeText(message.toString()) : classify(value)
}

function decodeText(text: string): Message {
  const { problem, hasFragileNumbers } = scanJson(text)
  if (problem !== undefined) return malformed(problem)
  try {
    return classify(parseJson(text, hasFragileNumbers))
  } catch (error) {
    if (error instanceof SyntaxError) return malformed(error.message)
    throw error
  }
}

/** The reply to a request that succeeded. A result of `undefined` is sent as null: a reply must have a result. */
export function encodeReply(id: RequestId, result: unknown): string {
  return `{"id":${id},"result":${JSON.stringify(result ?? null)}}`
}

/** The same for a result with bytes. */
export function encodeBytesReply(id: RequestId, result: BytesResult<object>): ChunkMessage {
  return result.between(`{"id":${id},"result":`, '}')
}

/**
 * The reply to a request that failed. The message may quote half a character of the peer's text, which is replaced:
 * a stock client drops the connection over one.
 */
export function encodeError(
  id: RequestId,
  { code, message, data }: { readonly code: number; readonly message: string; readonly data?: unknown },
): string {
  return `{"id":${id},"error":${JSON.stringify({ code, message: message.toWellFormed(), data })}}`
}

export function encodeNotification(method: string, params: unknown): string {
  return `{"method":${JSON.stringify(method)},"params":${JSON.stringify(params ?? null)}}`
}

/** The members that make a message; any others are ignored. Absent is `undefined`, which no JSON value is. */
interface Members {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
  readonly trace?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

interface Problem {
  readonly problem: string
}

/** Tells the kinds apart by the presence of members; their types are looked at afterwards. */
function classify(value: unknown): Message {
  if (!isMap(value)) return malformed('expected a JSON-RPC object')
  const members: Members = value
  if (members.method !== undefined && members.id === undefined) return decodeNotification(members)
  const id = decodeId(members.id)
  if (id === undefined) return malformed(describeMismatch(members.id, 'a string or a signed 64-bit integer', 'id'))
  if (members.method !== undefined) return decodeRequest(id, members)
  if (members.result !== undefined) return { kind: 'response', id }
  return decodeError(id, members.error)
}

function decodeNotification({ method, params }: Members): Message {
  if (typeof method !== 'string') return malformed(describeMismatch(method, 'a string', 'method'))
  return { kind: 'notification', method, params: params ?? undefined }
}

function decodeRequest(id: RequestId, { method, params, trace }: Members): Message {
  if (typeof method !== 'string') return malformed(describeMismatch(method, 'a string', 'method'), id)
  const carrier = decodeTrace(trace)
  if (carrier !== undefined && 'problem' in carrier) return malformed(carrier.problem, id)
  return { kind: 'request', id, method, params: params ?? undefined, trace: carrier }
}

function decodeError(id: RequestId, error: unknown): Message {
  if (!isMap(error)) return malformed(describeMismatch(error, 'a map', 'error'), id)
  const { code, message }: { code?: unknown; message?: unknown } = error
  if (!isSigned64(code)) return malformed(describeMismatch(code, 'a signed 64-bit integer', 'error.code'), id)
  if (typeof message !== 'string') return malformed(describeMismatch(message, 'a string', 'error.message'), id)
  return { kind: 'error', id }
}

function decodeTrace(trace: unknown): TraceCarrier | Problem | undefined {
  if (trace === undefined || trace === null) return undefined
  if (!isMap(trace)) return { problem: describeMismatch(trace, 'a map', 'trace') }
  const { traceparent, tracestate }: { traceparent?: unknown; tracestate?: unknown } = trace
  if (!isTextOrAbsent(traceparent)) return { problem: describeMismatch(traceparent, 'a string', 'trace.traceparent') }
  if (!isTextOrAbsent(tracestate)) return { problem: describeMismatch(tracestate, 'a string', 'trace.tracestate') }
  return { traceparent: traceparent ?? undefined, tracestate: tracestate ?? undefined }
}

function decodeId(id: unknown): RequestId | undefined {
  if (typeof id === 'string') return JSON.stringify(id) as RequestId
  return isSigned64(id) ? (String(id) as RequestId) : undefined
}

/** An integer beyond 2^53 - 1 arrives as a bigint, so a number is in range. */
function isSigned64(value: unknown): value is number | bigint {
  return typeof value === 'number' || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)
}

function isTextOrAbsent(value: unknown): value is string | null | undefined {
  return typeof value === 'string' || value === null || value === undefined
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(detail: string, id?: RequestId): Message {
  return { kind: 'malformed', id, detail }
}
