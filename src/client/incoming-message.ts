import { scanJson } from '../protocol/json-scanner.ts'

/** Bounds of what a server may send unasked, in bytes; replies have none but the transport's. */
const maxUnaskedBytes = 8192
const maxEventBytes = 2_097_152

/** Notifications that carry data, and may be large for it. */
const dataPlane: ReadonlySet<string> = new Set([
  'process/output',
  'process/exited',
  'process/closed',
  'http/request/bodyDelta',
])

/** One message of a server. */
export type IncomingMessage =
  | { readonly kind: 'response'; readonly id: unknown; readonly result: unknown }
  | {
      readonly kind: 'error'
      readonly id: unknown
      readonly code: number
      readonly message: string
      readonly data: unknown
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'request'; readonly id: number | string; readonly method: string; readonly params: unknown }
  /** The generation cannot go on: nothing that follows can be trusted. */
  | { readonly kind: 'violation'; readonly detail: string }

interface Members {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown } | null
}

/**
 * Decodes what a server sent. As strict about JSON as servers are, but numbers become numbers: a server sends no integers
 * beyond 2^53 that matter to a client.
 */
export function decodeIncoming(text: string): IncomingMessage {
  const { problem } = scanJson(text)
  if (problem !== undefined) return { kind: 'violation', detail: problem }
  let members: unknown
  try {
    members = JSON.parse(text)
  } catch (error) {
    return { kind: 'violation', detail: (error as SyntaxError).message }
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    return { kind: 'violation', detail: 'expected a JSON-RPC object' }
  }
  const message = classify(members)
  return isTooLarge(message, text)
    ? { kind: 'violation', detail: 'the message is larger than a server may send' }
    : message
}

function classify({ id, method, params, result, error }: Members): IncomingMessage {
  if (method !== undefined) {
    if (typeof method !== 'string') return { kind: 'violation', detail: 'method is not a string' }
    if (id === undefined) return { kind: 'notification', method, params }
    if (typeof id === 'string' || Number.isSafeInteger(id)) {
      return { kind: 'request', id: id as number | string, method, params }
    }
    return { kind: 'violation', detail: 'id is neither a string nor an integer' }
  }
  if (result !== undefined) return { kind: 'response', id, result }
  if (typeof error?.code !== 'number' || typeof error.message !== 'string') {
    return { kind: 'violation', detail: 'the message is neither a request, a notification nor a reply' }
  }
  return { kind: 'error', id, code: error.code, message: error.message, data: error.data }
}

function isTooLarge(message: IncomingMessage, text: string): boolean {
  if (message.kind !== 'request' && message.kind !== 'notification') return false
  const bound = message.kind === 'notification' && dataPlane.has(message.method) ? maxEventBytes : maxUnaskedBytes
  return text.length > bound || (text.length * 3 > bound && Buffer.byteLength(text) > bound)
}
