import { GatewayError } from '../../protocol/gateway-error.ts'
import type { HostOs, PathUri } from '../../protocol/path-uri.ts'

/**
 * The bytes of a path the operating system is asked about.
 * @throws GatewayError for a path of another platform, or one with a NUL, which would cut it short
 */
export function nativePath(uri: PathUri, os: HostOs): Buffer {
  const path = uri.toNative(os)
  if (!Buffer.isBuffer(path)) throw new GatewayError('invalidRequest', path.problem)
  if (path.includes(0)) throw new GatewayError('invalidRequest', 'file name contained an unexpected NUL byte')
  return path
}
