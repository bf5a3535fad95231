import { types } from 'node:util'
import { GatewayError } from '../protocol/gateway-error.ts'

/** Contents that fit into a message to a server that takes no blocks: 64 MiB, of which base64 leaves three quarters. */
export const maxWholeBytes = 32 * 1024 * 1024

/** @throws GatewayError `invalidParams` for what callers without types give: an ArrayBuffer would be written as nothing */
export function writtenBytes(data: string | Uint8Array): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (types.isUint8Array(data)) return data
  throw new GatewayError('invalidParams', 'what is written has to be text or a Uint8Array')
}

export function blocksUnsupported(): GatewayError {
  const message = 'this server does not write files in blocks: it does not announce `fileWriteStreaming`'
  return new GatewayError('unsupported', message)
}
