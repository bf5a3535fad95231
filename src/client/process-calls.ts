import type { MethodName, ParamsInput, Result } from '../protocol/method-table.ts'

export interface CallOptions {
  /** Gives the call up: it rejects with the reason of the signal, and the server may still do what it was asked to. */
  readonly signal?: AbortSignal | undefined
  /** Whether to wait while the session is being resumed; default true. */
  readonly waits?: boolean
  /** Sends the same request again on the next connection when one breaks; default false, as mutations must not run twice. */
  readonly repeats?: boolean
}

/** What makes calls for a process, over whatever connection there is. */
export interface ProcessCalls {
  call<M extends MethodName>(method: M, params: ParamsInput<M>, options?: CallOptions): Promise<Result<M>>
}
