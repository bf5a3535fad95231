import { GatewayError } from '../protocol/gateway-error.ts'

/** Contents that fit into a message to a server that takes no blocks: 64 MiB, of which base64 leaves three quarters. */
export const maxWholeBytes = 32 * 1024 * 1024

export function blocksUnsupported(): GatewayError {
  const message = 'this server does not write files in blocks: it does not announce `fileWriteStreaming`'
  return new GatewayError('unsupported', message)
}
