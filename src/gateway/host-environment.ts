import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import type { FileMode } from '../filesystem/file-access.ts'
import { hostOs, PathUri } from '../protocol/path-uri.ts'
import { Capabilities, type EnvironmentInfo } from '../protocol/session-schemas.ts'
import { chooseShell, type ShellFacts } from './host-shell.ts'

/** Everything the description of the host asks of the operating system. What is undefined is unknown there. */
export interface HostFacts extends ShellFacts {
  readonly homeDir: string | undefined
  /** The directory for temporary files. */
  readonly tmpdir: string | undefined
  /** The working directory, undefined once it is gone. */
  cwd(): string | undefined
}

/** What the gateway offers beyond the base protocol. */
export interface Offer {
  readonly capabilities: Capabilities
  /** Additions of this gateway by name. */
  readonly extensions: readonly string[]
}

/** The release of the reference whose wire this gateway speaks. A client that finds none takes it for older than any. */
const compatibilityLevel = '0.169.0'

/** The offer of a gateway that speaks the base protocol alone: every bit is false. */
export const noCapabilities: Readonly<Capabilities> = Object.freeze(Capabilities.parse({}))

/** What this gateway does beyond the base protocol, as far as the operator lets it. */
export function offerOf(fileMode: FileMode): Offer {
  const isReading = fileMode !== 'off'
  const isWriting = fileMode === 'read-write'
  return {
    capabilities: {
      ...noCapabilities,
      environmentConfigRead: true,
      httpHeaderEnvVars: true,
      fsWatchMissing: isReading,
      fileWriteStreaming: isWriting,
    },
    extensions: [
      'receipts',
      'inputEnd',
      'resize',
      'signals',
      'timeouts',
      'firstRetainedSeq',
      ...(isWriting ? ['atomicWrites'] : []),
      ...(isReading ? ['treeWatches'] : []),
    ],
  }
}

/**
 * Describes the host for `initialize` and `environment/info`. A client that meets a member it cannot decode gives the
 * whole environment up, so members whose value is unknown, relative or not UTF-8 are left out; `cwd` is null then.
 */
export function describeHost(offer: Offer, facts: HostFacts = systemFacts()): EnvironmentInfo {
  return {
    shell: chooseShell(facts),
    executorVersion: compatibilityLevel,
    cwd: uriOf(facts.cwd()) ?? null,
    userHomeDir: uriOf(facts.homeDir),
    platformOs: facts.platform,
    temporaryDirectories: temporaryDirectories(facts),
    tempDir: uriOf(facts.tmpdir),
    capabilities: offer.capabilities,
    extensions: offer.extensions.length > 0 ? [...offer.extensions] : undefined,
  }
}

/** The host as it is now; environment and working directory stay live. */
export function systemFacts(): HostFacts {
  return {
    environment: process.env,
    loginShell: ifKnown(() => userInfo().shell),
    homeDir: ifKnown(homedir),
    tmpdir: ifKnown(tmpdir),
    platform: hostOs(process.platform),
    // process.cwd() goes on naming a directory that is gone.
    cwd: () => ifKnown(() => realpathSync.native('.')),
    isExecutableFile: path => ifKnown(() => isExecutableFile(path)) ?? false,
  }
}

/** TMPDIR as a list, empty when it is unset. A relative one counts from the working directory. */
function temporaryDirectories(facts: HostFacts): string[] {
  const directory = facts.environment['TMPDIR']
  if (directory === undefined || directory === '') return []
  const uri = uriOf(directory.startsWith('/') ? directory : below(facts.cwd(), directory))
  return uri === undefined ? [] : [uri]
}

function below(parent: string | undefined, relative: string): string | undefined {
  return parent === undefined ? undefined : `${parent}/${relative}`
}

/** Node shows bytes that are not UTF-8 as U+FFFD: such a text names no file. */
function uriOf(path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith('/') || path.includes('\ufffd')) return undefined
  return PathUri.fromNative(path).canonical
}

function isExecutableFile(path: string): boolean {
  accessSync(path, constants.X_OK)
  return statSync(path).isFile()
}

/** Users without an entry in the password database and directories that are gone make Node throw. */
function ifKnown<Fact>(ask: () => Fact | null): Fact | undefined {
  try {
    return ask() ?? undefined
  } catch {
    return undefined
  }
}
