import { z } from 'zod'
import { GatewayError } from '../protocol/gateway-error.ts'

/** Checks what a server answered. @throws GatewayError `protocolViolation` when it is not what the method returns */
export function decodeResult<Schema extends z.ZodType>(schema: Schema, result: unknown): z.output<Schema> {
  const parsed = schema.safeParse(result)
  if (parsed.success) return parsed.data
  const problem = z.prettifyError(parsed.error).replaceAll('\n', ' ')
  const message = `failed to serialize or deserialize exec-server JSON: ${problem}`
  throw new GatewayError('protocolViolation', message)
}
