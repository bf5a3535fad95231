import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ConfigStack, EnvironmentConfig } from '../protocol/discovery-schemas.ts'
import { PathUri } from '../protocol/path-uri.ts'
import { maxTomlBytes, tomlTextOf } from '../protocol/toml-bounds.ts'
import { failureText } from './failure-text.ts'
import { selectToml, TomlProblem } from './toml-selection.ts'

type KeyPaths = readonly (readonly string[])[]

/** What an operator sets up for clients that ask. */
export interface ConfigSource {
  /** The folder with `config.toml` and `requirements.toml`; nothing is read without one. */
  readonly folder: string | undefined
  readonly homeDir: string | undefined
  readonly hostname: string | undefined
}

/**
 * The parts of the configuration for clients that they ask for.
 * @throws GatewayError when a file is there but cannot be read
 */
export async function readEnvironmentConfig(
  { folder, homeDir, hostname }: ConfigSource,
  { configPaths, requirementsPaths }: { configPaths: KeyPaths; requirementsPaths: KeyPaths },
): Promise<EnvironmentConfig> {
  const [config, requirements] = await Promise.all([
    readStack(folder, { file: 'config.toml', kind: 'user', paths: configPaths }),
    readStack(folder, { file: 'requirements.toml', kind: 'requirements', paths: requirementsPaths }),
  ])
  return {
    userHomeDir: homeDir === undefined ? null : uriOf(homeDir),
    codexHomeDir: uriOf(folder ?? join(homeDir ?? '/', '.codex')),
    hostname: hostname ?? null,
    config,
    requirements,
  }
}

async function readStack(
  folder: string | undefined,
  { file, kind, paths }: { file: string; kind: string; paths: KeyPaths },
): Promise<ConfigStack> {
  const layers: ConfigStack['layers'] = []
  if (folder !== undefined && paths.length > 0) {
    const path = join(folder, file)
    const toml = await readSelection(path, paths)
    if (toml !== undefined) layers.push({ source: `${kind} (${path})`, baseDir: uriOf(folder), toml })
  }
  return { layers, cloudInsertionIndex: 0 }
}

async function readSelection(path: string, paths: KeyPaths): Promise<string | undefined> {
  const refused = (reason: string, cause?: unknown) =>
    new GatewayError('refused', `failed to load executor-local config: ${path}:${reason}`, { cause })
  try {
    return selectToml(await readTomlText(path), paths)
  } catch (error) {
    if (error instanceof TomlProblem) throw refused(error.message, error)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refused(` ${failureText(error)}`, error)
  }
}

/** Nobody waits for the other end of a FIFO, or for what is typed. */
const unblocking = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** @throws Error when it cannot be read or is out of bounds */
async function readTomlText(path: string): Promise<string> {
  await using file = await open(path, unblocking)
  // Without a writer it would look empty.
  if ((await file.stat()).isFIFO()) throw new Error('it is a pipe')
  const bytes = Buffer.allocUnsafe(maxTomlBytes + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return tomlTextOf(bytes.subarray(0, length))
}

function uriOf(path: string): string {
  return PathUri.fromNative(path).canonical
}
