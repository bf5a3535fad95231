/** Exit codes of `execgate run` beside the command's own, as `docker exec` and `timeout` have them. */
export const runExitCodes = {
  timedOut: 124,
  gatewayTrouble: 125,
  cannotExecute: 126,
  notFound: 127,
  /** Nobody reads the output any more: 128 + SIGPIPE. */
  outputClosed: 141,
} as const
