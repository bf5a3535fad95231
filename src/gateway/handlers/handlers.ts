import type { FileAccess } from '../../filesystem/file-access.ts'
import type { BytesResult } from '../../protocol/bytes-result.ts'
import type { MethodName, Params, Result } from '../../protocol/method-table.ts'
import type { BodyOutlet } from '../../fetching/response-stream.ts'
import type { RequestSpan } from '../../telemetry/tracing.ts'
import type { Session } from '../../sessions/session.ts'

/** The connection a request came on, as its handler sees it. */
export interface Caller {
  /** Creates or resumes the session of this connection. Returns its id. */
  initialize(resumeSessionId: string | undefined): string
  /** What the connection does with files. */
  readonly files: FileAccess
  /** Where notifications to the caller go. */
  readonly delivery: BodyOutlet
}

export interface RequestContext {
  readonly caller: Caller
  /** The session of the caller; the gate has been passed. */
  readonly session: Session
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Aborted then, or when an answer that waits for something to happen has to be given with what there is. */
  readonly patience: AbortSignal
  /** `undefined` while tracing is off. */
  readonly span: RequestSpan | undefined
  /** `performance.now()` when the request came. */
  readonly receivedAt: number
  /** Has something done once the reply has been sent, or has nowhere to go any more. */
  readonly afterReply: (action: () => void) => void
}

type Handled<M extends MethodName> = Result<M> | BytesResult<Result<M>>

/** One function for each method of the table. A forgotten one does not compile. */
export type Handlers = {
  readonly [M in MethodName]: (
    params: Params<M>,
    context: M extends 'initialize' ? Omit<RequestContext, 'session'> : RequestContext,
  ) => Handled<M> | Promise<Handled<M>>
}
