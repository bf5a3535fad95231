/**
 * Every way a request can fail: its code on the wire, whether repeating the same request may help, and
 * whether it counts against the objective for availability.
 * Codes: section "Error codes" of docs/protocol.md.
 */
export const errorKinds = {
  /** Not a message, out of order, or about something that is not there. */
  invalidRequest: { code: -32600, retryable: false, isServerFault: false },
  methodNotFound: { code: -32601, retryable: false, isServerFault: false },
  /** A parameter has the wrong type or a value that cannot be honoured. */
  invalidParams: { code: -32602, retryable: false, isServerFault: false },
  /** Something the gateway did not expect: its own fault. */
  internal: { code: -32603, retryable: false, isServerFault: true },
  /** The operating system, or the state of the process, does not allow it. */
  refused: { code: -32603, retryable: false, isServerFault: false },
  /** A limit of this gateway is reached; `data.limit` says which. */
  limitReached: { code: -32603, retryable: true, isServerFault: true },
  /** The session still has a live connection. */
  sessionAttached: { code: -32010, retryable: true, isServerFault: false },
  notFound: { code: -32004, retryable: false, isServerFault: false },
} as const

export type ErrorKind = keyof typeof errorKinds

/** What `error.data` may hold. Additive: peers ignore what they do not know. */
export interface ErrorData {
  /** The parameter that was refused. */
  readonly field?: string
  /** The refused value, shortened. */
  readonly value?: string
  /** Leads to the trace and the log of what went wrong inside. */
  readonly traceId?: string
  /** The limit that was reached. */
  readonly limit?: { readonly name: string; readonly value: number }
}

export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly kind: ErrorKind
  readonly data: ErrorData | undefined

  constructor(kind: ErrorKind, message: string, options: { data?: ErrorData; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.data = options.data
  }

  get code(): number {
    return errorKinds[this.kind].code
  }

  /** Turns whatever was thrown into an error of ours. Used once, by the dispatcher. */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown
    return new GatewayError('internal', 'internal error', { cause: thrown })
  }

  /** A bound of this gateway is reached: says which, and that nothing was done. */
  static limit(name: string, value: number, message: string): GatewayError {
    return new GatewayError('limitReached', message, { data: { limit: { name, value } } })
  }
}
