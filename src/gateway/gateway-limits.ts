import type { FetchLimits } from '../fetching/fetching.ts'
import type { ProcessLimits } from '../processes/process-limits.ts'
import type { SessionLimits } from '../sessions/session-registry.ts'
import type { ConnectionLimits } from './connection.ts'

/** Everything a gateway bounds. All of it comes from the configuration. */
export interface GatewayLimits extends ConnectionLimits, FetchLimits, ProcessLimits, SessionLimits {
  readonly maxConnections: number
  /** Directories the methods for files are kept in; none for everywhere. */
  readonly fileRoots: readonly string[]
}
