import { z } from 'zod'
import { encodeError, encodeReply, type RequestId } from '../protocol/envelope.ts'
import { errorKinds } from '../protocol/gateway-error.ts'

/** A question of the server before a process connects somewhere. */
const PolicyRequest = z.object({
  processId: z.string(),
  request: z.object({
    protocol: z.enum(['http', 'https_connect', 'socks5_tcp', 'socks5_udp']),
    host: z.string(),
    port: z.int().min(0).max(65_535),
  }),
})

/** What a client without a policy of its own says: nothing is allowed that has not been allowed beforehand. */
const denial = { decision: { type: 'deny', reason: 'not_allowed' } }

/**
 * The answer to a request of the server: a denial where it asks for permission, else that there is no such method. Undefined
 * when the id is none that a server may use for its questions, which ends the connection.
 */
export function answerServer(request: {
  readonly id: number | string
  readonly method: string
  readonly params: unknown
}): string | undefined {
  const id = JSON.stringify(request.id) as RequestId
  if (request.method !== 'network/policyRequest') {
    const message = `exec-server client does not implement \`${request.method}\` yet`
    return encodeError(id, { code: errorKinds.methodNotFound.code, message })
  }
  if (typeof request.id === 'string' || request.id < 0) return undefined
  if (PolicyRequest.safeParse(request.params).success) return encodeReply(id, denial)
  return encodeError(id, { code: errorKinds.invalidParams.code, message: 'invalid network policy request params' })
}
