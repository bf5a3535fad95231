import { GatewayError } from '../../protocol/gateway-error.ts'
import type { Params } from '../../protocol/method-table.ts'
import type { HostOs, PathUri } from '../../protocol/path-uri.ts'
import { restrictsAnything, type SandboxIntent } from '../../protocol/sandbox-schemas.ts'

/** Fails closed: a request that asks for a protection this gateway does not have must not run without it. */
export function refuseUnenforceable(
  { sandbox, networkProxy, enforceManagedNetwork }: Params<'process/start'>,
  os: HostOs,
): void {
  if (networkProxy) throw refused('networkProxy', 'network proxy launches are not supported on this executor')
  if (sandbox) refuseSandbox(sandbox, os)
  if (enforceManagedNetwork) {
    throw refused('enforceManagedNetwork', 'managed network cannot be enforced on this executor')
  }
}

/** One that is meant for another machine is wrong even if it restricts nothing. */
function refuseSandbox(sandbox: SandboxIntent, os: HostOs): void {
  const { permissions, windowsSandboxLevel } = sandbox
  if (windowsSandboxLevel === 'mxc') throw refused('sandbox', 'native MXC is unavailable on this executor')
  // Of the older form nothing counts beside the newer, but its directory if that has none.
  const form = sandbox.policyContext ?? sandbox
  const cwd = form.cwd ?? sandbox.cwd
  refuseForeign('policy cwd', cwd ? [cwd] : [], os)
  refuseForeign('workspace root', form.workspaceRoots ?? [], os)
  if (permissions.type === 'managed' && permissions.file_system.type === 'restricted') {
    const paths = permissions.file_system.entries.flatMap(({ path }) => (path.type === 'path' ? [path.path] : []))
    refuseForeign('permission path', paths, os)
  }
  if (restrictsAnything(sandbox)) throw refused('sandbox', 'sandbox intent cannot be enforced on this executor')
}

function refuseForeign(what: string, paths: readonly PathUri[], os: HostOs): void {
  for (const path of paths) {
    const native = path.toNative(os)
    if (Buffer.isBuffer(native)) continue
    throw refused('sandbox', `failed to prepare process sandbox: invalid sandbox ${what}: ${native.problem}`)
  }
}

function refused(field: string, message: string): GatewayError {
  return new GatewayError('invalidParams', message, { data: { field } })
}
