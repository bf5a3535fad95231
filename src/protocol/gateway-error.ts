import type { CallerLimit, LimitName } from './limit-names.ts'

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

/** JSON-RPC's code for what an implementation defines. No gateway sends it. */
const callFailed = -32000

/**
 * Ways a call can fail that no gateway reports: only the client throws these, so that callers have one class and one
 * `switch (error.kind)`.
 */
export const callErrorKinds = {
  /** The program that should speak the protocol cannot be started. */
  spawnFailed: { code: callFailed, retryable: false },
  connectFailed: { code: callFailed, retryable: true },
  /** Neither a connection nor a handshake came about in the time it may take. */
  connectTimedOut: { code: callFailed, retryable: true },
  /** The connection broke under the call, which may have taken effect or not. */
  disconnected: { code: callFailed, retryable: true },
  /** The session is gone for good, and this client with it: connect again. */
  sessionLost: { code: callFailed, retryable: false },
  /** The session is being resumed, and the caller did not want to wait. */
  recovering: { code: callFailed, retryable: true },
  /** The peer says what the protocol does not allow. */
  protocolViolation: { code: callFailed, retryable: false },
  /** The peer answered with a code that no kind has; the message tells it. */
  rejected: { code: callFailed, retryable: false },
  /** One process cannot be followed any further; the connection and all others go on. */
  processFailed: { code: callFailed, retryable: false },
  /** Output was evicted before it was read. */
  outputLost: { code: callFailed, retryable: false },
  /** The command took longer than the caller allowed and was killed. */
  timedOut: { code: callFailed, retryable: false },
  /** The peer does not announce what the call needs. */
  unsupported: { code: callFailed, retryable: false },
} as const

export type CallErrorKind = keyof typeof callErrorKinds

const allKinds = { ...errorKinds, ...callErrorKinds }

/** What `error.data` may hold. Additive: peers ignore what they do not know. */
export interface ErrorData {
  /** The parameter that was refused. */
  readonly field?: string
  /** The refused value, shortened. */
  readonly value?: string
  /** Leads to the trace and the log of what went wrong inside. */
  readonly traceId?: string
  /** The limit that was reached. A gateway of another release may name others. */
  readonly limit?: { readonly name: LimitName | CallerLimit; readonly value: number }
  /** What the operating system answered: `ENOTDIR`. Many of its answers share a code. */
  readonly errno?: string
  /** The option of the gateway by which its operator does not allow it. */
  readonly option?: string
}

export class GatewayError<Kind extends ErrorKind | CallErrorKind = ErrorKind | CallErrorKind> extends Error {
  override readonly name = 'GatewayError'
  readonly kind: Kind
  readonly data: ErrorData | undefined

  constructor(kind: Kind, message: string, options: { data?: ErrorData; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.data = options.data
  }

  get code(): number {
    return allKinds[this.kind].code
  }

  /** Whether repeating the same call may help. */
  get isRetryable(): boolean {
    return allKinds[this.kind].retryable
  }

  /** Turns whatever was thrown into an error of ours that has a code on the wire. Used once, by the dispatcher. */
  static from(thrown: unknown): GatewayError<ErrorKind> {
    if (thrown instanceof GatewayError && thrown.isForPeers()) return thrown
    return new GatewayError('internal', 'internal error', { cause: thrown })
  }

  /** A bound is reached: says which, and that nothing was done. */
  static limit(name: LimitName | CallerLimit, value: number, message: string): GatewayError<'limitReached'> {
    return new GatewayError('limitReached', message, { data: { limit: { name, value } } })
  }

  /**
   * The same as the constructor, without a stack: for what peers are told all the time and nobody looks for in the code, since finding out
   * about the stack takes ten times as long as all the rest.
   */
  static withoutStack<Kind extends ErrorKind>(
    kind: Kind,
    message: string,
    options: { data?: ErrorData; cause?: unknown } = {},
  ): GatewayError<Kind> {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      return new GatewayError(kind, message, options)
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  }

  private isForPeers(): this is GatewayError<ErrorKind> {
    return this.kind in errorKinds
  }
}
