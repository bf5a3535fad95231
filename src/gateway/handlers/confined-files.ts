import { GatewayError } from '../../protocol/gateway-error.ts'
import type { HostOs } from '../../protocol/path-uri.ts'
import { restrictsFiles, type SandboxIntent } from '../../protocol/sandbox-schemas.ts'

/**
 * Fails closed: what asks to be kept from files must not touch any while nothing keeps it. The code and the words are those
 * by which clients know that access is denied, whatever denies it.
 */
export function refuseConfinedFiles(
  sandbox: SandboxIntent | null | undefined,
  access: 'read' | 'write',
  os: HostOs,
): void {
  if (!sandbox || !restrictsFiles(sandbox, access, os)) return
  throw refused('file access is not permitted: sandbox intent cannot be enforced on this executor')
}

/** The same for files that stay open. */
export function refuseConfinedStream(
  sandbox: SandboxIntent | null | undefined,
  access: 'read' | 'write',
  os: HostOs,
): void {
  if (access === 'write') return refuseConfinedFiles(sandbox, access, os)
  if (!sandbox || !restrictsFiles(sandbox, access, os)) return
  throw refused('streaming file reads do not support platform sandboxing')
}

function refused(message: string): GatewayError {
  return new GatewayError('invalidRequest', message, { data: { field: 'sandbox' } })
}
