import type { FileMode } from '../filesystem/file-access.ts'
import type { FetchLimits } from '../fetching/fetching.ts'
import type { ProcessLimits } from '../processes/process-limits.ts'
import type { SessionLimits } from '../sessions/session-registry.ts'
import type { StartLimits } from './handlers/start-limits.ts'
import type { ConnectionLimits } from './connection.ts'

/** Everything a gateway bounds. All of it comes from the configuration. */
export interface GatewayLimits extends ConnectionLimits, FetchLimits, ProcessLimits, SessionLimits, StartLimits {
  readonly maxConnections: number
  readonly maxMessageBytes: number
  /** What the methods for files may do. */
  readonly fileMode: FileMode
  /** Directories they are kept in; none for everywhere. */
  readonly fileRoots: readonly string[]
  /** Further ones, in which they change nothing. */
  readonly readOnlyFileRoots: readonly string[]
}
