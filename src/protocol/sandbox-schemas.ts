import { z } from 'zod'
import type { HostOs } from './path-uri.ts'
import { pathUri, u64 } from './scalars.ts'

const networkAccess = z.enum(['restricted', 'enabled'])

const SpecialPath = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('root') }),
  z.object({ kind: z.literal('minimal') }),
  z.object({ kind: z.literal('project_roots'), subpath: z.string().nullish() }),
  z.object({ kind: z.literal('current_working_directory'), subpath: z.string().nullish() }),
  z.object({ kind: z.literal('tmpdir') }),
  z.object({ kind: z.literal('slash_tmp') }),
  z.object({ kind: z.literal('unknown'), path: z.string(), subpath: z.string().nullish() }),
])

const PermissionEntry = z.object({
  path: z.discriminatedUnion('type', [
    z.object({ type: z.literal('path'), path: pathUri }),
    z.object({ type: z.literal('glob_pattern'), pattern: z.string() }),
    z.object({ type: z.literal('special'), value: SpecialPath }),
  ]),
  access: z.enum(['read', 'write', 'deny', 'none']).describe('`none` is an older spelling of `deny`'),
  missing_path_behavior: z.enum(['skip']).nullish(),
})

const FileSystemPermissions = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('restricted'),
    entries: z.array(PermissionEntry),
    glob_scan_max_depth: z.number().min(1).nullish(),
  }),
  z.object({ type: z.literal('unrestricted') }),
])

const Permissions = z.discriminatedUnion('type', [
  z.object({ type: z.literal('managed'), file_system: FileSystemPermissions, network: networkAccess }),
  z.object({ type: z.literal('disabled') }),
  z.object({ type: z.literal('external'), network: networkAccess }),
])

/** What a command may touch, as the caller states it. Members inside `permissions` are snake_case on the wire. */
export const SandboxIntent = z
  .object({
    permissions: Permissions,
    cwd: pathUri.nullish(),
    workspaceRoots: z.array(pathUri).default([]),
    policyContext: z
      .object({ cwd: pathUri.nullish(), workspaceRoots: z.array(pathUri).optional() })
      .nullish()
      .describe('newer form of cwd and workspaceRoots; its values win'),
    userHomeDir: pathUri.nullish(),
    temporaryDirectories: z.array(pathUri).nullish(),
    windowsSandboxLevel: z.enum(['disabled', 'restricted-token', 'elevated', 'mxc']),
    windowsSandboxProxySettingsMode: z.enum(['reconcile', 'preserve']).nullish(),
    useLegacyLandlock: z.boolean().default(false),
    sandboxOverride: z
      .enum(['noOverride', 'escalatedSandboxWithRestrictions', 'bypassSandboxFirstAttempt'])
      .default('noOverride'),
  })
  .meta({ id: 'SandboxIntent' })
export type SandboxIntent = z.output<typeof SandboxIntent>

export const ManagedNetwork = z.object({
  loopbackPorts: z.array(z.number().min(0).max(65_535)).default([]),
  allowLocalBinding: z.boolean().default(false),
  allowUnixSockets: z.array(z.string()).default([]),
  dangerouslyAllowAllUnixSockets: z.boolean().default(false),
})

/** The managed proxy of one command. Only its outline is decoded while no proxy exists. */
export const NetworkProxy = z.object({
  proxy: z.looseObject({}),
  auditMetadata: z.looseObject({}).optional(),
  environmentId: z.string().nullish(),
  executionId: z.string().nullish(),
  policyDecisionTimeoutMs: u64.nullish(),
})

/** Whether the intent asks for anything to be kept from the command. */
export function restrictsAnything({ permissions }: SandboxIntent): boolean {
  switch (permissions.type) {
    case 'disabled':
      return false
    case 'external':
      return permissions.network === 'restricted'
    case 'managed':
      return permissions.network === 'restricted' || permissions.file_system.type === 'restricted'
  }
}

/**
 * Whether the intent keeps any file from being read, or written. Errs towards yes: an entry that may take something away
 * counts, whatever other entries say about the same path.
 */
export function restrictsFiles({ permissions }: SandboxIntent, access: 'read' | 'write', os: HostOs): boolean {
  if (permissions.type !== 'managed' || permissions.file_system.type === 'unrestricted') return false
  const { entries } = permissions.file_system
  const isGranted = entries.some(entry => {
    return specialKind(entry) === 'root' && (entry.access === 'write' || entry.access === access)
  })
  return !isGranted || entries.some(entry => narrows(entry, access) || !isNative(entry, os))
}

type PermissionEntry = z.output<typeof PermissionEntry>

function narrows(entry: PermissionEntry, access: 'read' | 'write'): boolean {
  if (entry.access === 'deny' || entry.access === 'none') return true
  if (entry.access === 'write' || access === 'read') return false
  return !['root', 'minimal', 'unknown'].includes(specialKind(entry) ?? '')
}

function specialKind({ path }: PermissionEntry): string | undefined {
  return path.type === 'special' ? path.value.kind : undefined
}

function isNative({ path }: PermissionEntry, os: HostOs): boolean {
  return path.type !== 'path' || Buffer.isBuffer(path.path.toNative(os))
}
