import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { CapabilityFile, CapabilityRoot, DiscoveredRoot } from '../protocol/discovery-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxReplyBytes } from '../protocol/limits.ts'
import type { HostOs } from '../protocol/path-uri.ts'
import { restrictsFiles } from '../protocol/sandbox-schemas.ts'
import { BundleReader } from './bundle-reader.ts'
import { CapabilityPath } from './capability-path.ts'
import { walkCapabilities } from './capability-walk.ts'
import { failureText } from './failure-text.ts'
import { declaredFiles, manifestLocations } from './plugin-manifest.ts'

/** Roots looked at together. */
const maxParallelRoots = 8

const skillFile = 'SKILL.md'
const skillMetadata = 'agents/openai.yaml'
const manifestFile = 'plugin.json'
const manifestFolders = manifestLocations.map(location => location.slice(0, -(manifestFile.length + 1)))

/**
 * Reads what plugins and skills say about themselves, root by root. What goes wrong within one root is told there.
 * @throws the reason of the signal, and GatewayError when all of it together is more than a reply holds
 */
export async function discoverCapabilities(
  roots: readonly CapabilityRoot[],
  os: HostOs,
  signal: AbortSignal,
): Promise<DiscoveredRoot[]> {
  const discovered: DiscoveredRoot[] = []
  const upcoming = roots.entries()
  let takenBytes = 0
  const taken = (bytes: number) => {
    takenBytes += bytes
    if (takenBytes > maxReplyBytes) throw tooMuch()
  }
  const work = async () => {
    for (const [index, root] of upcoming) discovered[index] = await discoverRoot(root, { os, signal, taken })
  }
  await Promise.all(Array.from({ length: maxParallelRoots }, work))
  return discovered
}

interface Discovery {
  readonly os: HostOs
  readonly signal: AbortSignal
  /** Told of the bytes of every file. @throws GatewayError when all roots together have too many */
  readonly taken: (bytes: number) => void
}

async function discoverRoot({ id, path, sandbox }: CapabilityRoot, context: Discovery): Promise<DiscoveredRoot> {
  const uri = path.canonical
  const failed = (error: string): DiscoveredRoot => ({ ...emptyRoot(id, uri), error })
  const native = path.toNative(context.os)
  if (!Buffer.isBuffer(native)) return failed(`failed to inspect capability root ${uri}: ${native.problem}`)
  if (sandbox && restrictsFiles(sandbox, 'read', context.os)) {
    return failed(`failed to inspect capability root ${uri}: sandbox intent cannot be enforced on this executor`)
  }
  const root = new CapabilityPath(uri, native)
  let stats: Stats
  try {
    stats = await stat(root.native)
  } catch (error) {
    return failed(`failed to inspect capability root ${uri}: ${failureText(error)}`)
  }
  if (!stats.isDirectory()) return failed(`capability root ${uri} is not a directory`)
  try {
    return { ...emptyRoot(id, uri), ...(await readRoot(root, context)) }
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof GatewayError) throw error
    return failed(`failed to scan capability root ${uri}: ${failureText(error)}`)
  }
}

function emptyRoot(id: string, path: string): DiscoveredRoot {
  return { id, path, plugin: null, skills: [], namespaceManifests: [], warnings: [], error: null }
}

/** The order of the reads is the order in which the budget is spent. */
async function readRoot(root: CapabilityPath, { signal, taken }: Discovery): Promise<Partial<DiscoveredRoot>> {
  const walk = await walkCapabilities(root, signal)
  const reader = new BundleReader(taken)
  reader.warnings.push(...walk.errors.map(({ uri, message }) => `failed to scan capability path ${uri}: ${message}`))
  if (walk.isTruncated) reader.warnings.push(`capability scan reached its traversal limit (root: ${root.uri})`)

  const own = await reader.readFirst(manifestsOf(root))
  const namespaceManifests = await readNamespaces({ root, own, files: walk.files, reader })
  const plugin = own === undefined ? null : await readPlugin(own, root, reader)
  const skills: DiscoveredRoot['skills'] = []
  for (const path of walk.files.filter(({ name }) => name === skillFile).toSorted(byUri)) {
    signal.throwIfAborted()
    const instructions = await reader.read(path)
    if (instructions === undefined) continue
    const metadata = path.parent && (await reader.read(path.parent.below(skillMetadata)))
    skills.push({ instructions, metadata: metadata ?? null })
  }
  return { plugin, skills, namespaceManifests, warnings: reader.warnings }
}

async function readPlugin(
  manifest: CapabilityFile,
  root: CapabilityPath,
  reader: BundleReader,
): Promise<DiscoveredRoot['plugin']> {
  const { mcpConfig, appsConfig, warnings } = declaredFiles(manifest, root)
  reader.warnings.push(...warnings)
  const read = async (path: CapabilityPath | undefined) => (path && (await reader.read(path))) ?? null
  return { manifest, mcpConfig: await read(mcpConfig), appsConfig: await read(appsConfig) }
}

interface Namespaces {
  readonly root: CapabilityPath
  /** The manifest of the root itself. */
  readonly own: CapabilityFile | undefined
  readonly files: readonly CapabilityPath[]
  readonly reader: BundleReader
}

/** The manifest of the root or of the nearest folder above it, then those below, one for each plugin. */
async function readNamespaces({ root, own, files, reader }: Namespaces): Promise<CapabilityFile[]> {
  const manifests: CapabilityFile[] = []
  const seen = new Set<string>()
  let manifest = own
  for (let folder: CapabilityPath | undefined = root; folder !== undefined; folder = folder.parent) {
    if (folder !== root) manifest = await reader.readFirst(manifestsOf(folder))
    if (manifest === undefined) continue
    manifests.push(manifest)
    // A root may be written with a slash at its end.
    seen.add(folder.uri.replace(/\/$/, ''))
    break
  }
  for (const { plugin, path } of files.flatMap(nestedManifest).toSorted(byPlugin)) {
    if (seen.has(plugin.uri)) continue
    seen.add(plugin.uri)
    const nested = await reader.read(path)
    if (nested !== undefined) manifests.push(nested)
  }
  return manifests
}

function manifestsOf(folder: CapabilityPath): CapabilityPath[] {
  return manifestLocations.map(location => folder.below(location))
}

interface NestedManifest {
  readonly plugin: CapabilityPath
  readonly path: CapabilityPath
  readonly priority: number
}

function nestedManifest(path: CapabilityPath): NestedManifest[] {
  const folder = path.parent
  const plugin = folder?.parent
  if (path.name !== manifestFile || folder === undefined || plugin === undefined) return []
  const priority = manifestFolders.indexOf(folder.name)
  return priority < 0 ? [] : [{ plugin, path, priority }]
}

function byPlugin(one: NestedManifest, other: NestedManifest): number {
  return byUri(one.plugin, other.plugin) || one.priority - other.priority
}

/** URIs are ASCII: their order is that of their bytes. */
function byUri(one: CapabilityPath, other: CapabilityPath): number {
  if (one.uri === other.uri) return 0
  return one.uri < other.uri ? -1 : 1
}

function tooMuch(): GatewayError {
  const text = `the files of these roots have more than ${maxReplyBytes} bytes, more than a reply holds; ask for fewer roots`
  return GatewayError.limit('maxReplyBytes', maxReplyBytes, text)
}
