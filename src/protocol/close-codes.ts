/**
 * WebSocket close codes the gateway uses, RFC 6455 section 7.4.1. Codes of the private range are avoided: every
 * reason below has a registered code.
 */
export const closeCodes = {
  /** The peer said goodbye first. */
  normal: 1000,
  /** The gateway shuts down. */
  goingAway: 1001,
  /** The peer broke the message rules of the protocol. */
  protocolError: 1002,
  /** A text was not UTF-8. */
  invalidText: 1007,
  /** The peer exceeded a policy, such as the silence it was allowed. */
  policyViolation: 1008,
  /** A message was larger than allowed. */
  messageTooBig: 1009,
  /** The gateway met a condition it did not expect. */
  internalError: 1011,
} as const
