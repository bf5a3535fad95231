import type { CapabilityFile } from '../protocol/discovery-schemas.ts'
import type { CapabilityPath } from './capability-path.ts'

/** Where a plugin says what it is, the first that is there. */
export const manifestLocations = [
  '.codex-plugin/plugin.json',
  '.claude-plugin/plugin.json',
  '.cursor-plugin/plugin.json',
] as const

/** Read when the manifest names no other file. */
const defaultMcpConfig = '.mcp.json'
const defaultAppsConfig = '.app.json'

/** The files a manifest leads to. */
export interface DeclaredFiles {
  /** `undefined` when the servers are in the manifest itself. */
  readonly mcpConfig: CapabilityPath | undefined
  readonly appsConfig: CapabilityPath
  readonly warnings: readonly string[]
}

/** What a manifest declares. One that is not JSON declares nothing. */
export function declaredFiles(manifest: CapabilityFile, root: CapabilityPath): DeclaredFiles {
  const warnings: string[] = []
  const members = parseObject(manifest.contents)
  const declared = (field: string) => {
    const value = members.get(field)
    if (typeof value !== 'string') return undefined
    const path = pathWithin(value, root)
    if (typeof path !== 'string') return path
    warnings.push(`ignoring ${field} in ${manifest.path}: ${path}`)
    return undefined
  }
  const servers = members.get('mcpServers')
  const isInline = typeof servers === 'object' && servers !== null && !Array.isArray(servers)
  const mcpConfig = isInline ? undefined : (declared('mcpServers') ?? root.child(defaultMcpConfig))
  const appsConfig = declared('apps') ?? root.child(defaultAppsConfig)
  return { mcpConfig, appsConfig, warnings }
}

function parseObject(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : new Map()
  } catch {
    return new Map()
  }
}

/** The path below the root, or why it is none. */
function pathWithin(text: string, root: CapabilityPath): CapabilityPath | string {
  if (!text.startsWith('./')) return 'path must start with `./`'
  const names = text
    .slice(2)
    .split('/')
    .filter(name => name !== '' && name !== '.')
  const leaves = text === './' || text.startsWith('.//') || text.split(/[/\\]/).includes('..')
  if (leaves || text.includes('\0')) return 'path must remain below the capability root'
  return names.length === 0 ? root : root.below(names.join('/'))
}
