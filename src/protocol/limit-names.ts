/** Limits that an operator sets and something counts towards. */
export const configuredLimits = [
  'maxConnections',
  'maxSessions',
  'maxProcesses',
  'maxClosedProcesses',
  'maxFetches',
] as const

/** Every limit of a gateway that refuses, drops or holds back: its name in `error.data.limit` and in metrics. */
export const limitNames = [
  ...configuredLimits,
  'maxSessionProcesses',
  'maxRequests',
  'maxMessageBytes',
  'maxReplyBytes',
  'maxIdBytes',
  'maxArgumentBytes',
  'maxEnvironmentBytes',
  'maxNamePatterns',
  'maxNameComparisons',
  'waitingInputBytes',
  'retainedOutputBytes',
  'closedOutputBytes',
  'maxFileHandles',
  'maxUnwrittenBytes',
  'maxDirectoryEntries',
  'maxTreeWatches',
  'maxTreeDirectories',
  'maxSentBodyBytes',
  'maxBufferedBodyBytes',
  'maxBufferedBytes',
  'maxDiscoveries',
] as const
export type LimitName = (typeof limitNames)[number]

/** Limits that callers of a client give, or the client has: no gateway tells of them. */
export type CallerLimit =
  'maxRequestBodyBytes' | 'queuedDeltas' | 'queuedBodyBytes' | 'maxCalls' | 'maxBytes' | 'maxOutputBytes' | 'maxEntries'
