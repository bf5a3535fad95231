import { GatewayError } from '../../protocol/gateway-error.ts'
import type { HostOs } from '../../protocol/path-uri.ts'
import { restrictsFiles, type SandboxIntent } from '../../protocol/sandbox-schemas.ts'

/** Fails closed: what asks to be kept from files must not touch any while nothing keeps it. */
export function refuseConfinedFiles(
  sandbox: SandboxIntent | null | undefined,
  access: 'read' | 'write',
  os: HostOs,
): void {
  if (!sandbox || !restrictsFiles(sandbox, access, os)) return
  throw new GatewayError('invalidParams', 'sandbox intent cannot be enforced on this executor', {
    data: { field: 'sandbox' },
  })
}

/** The same for files that stay open. */
export function refuseConfinedStream(
  sandbox: SandboxIntent | null | undefined,
  access: 'read' | 'write',
  os: HostOs,
): void {
  if (!sandbox || !restrictsFiles(sandbox, access, os)) return
  throw new GatewayError('invalidRequest', 'streaming file reads do not support platform sandboxing', {
    data: { field: 'sandbox' },
  })
}
