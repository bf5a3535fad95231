import { z } from 'zod'
import {
  DiscoverCapabilities,
  DiscoveredCapabilities,
  EnvironmentConfig,
  ReadEnvironmentConfig,
} from './discovery-schemas.ts'
import {
  Canonicalize,
  CanonicalPath,
  CloseFile,
  CopyEntry,
  CreateDirectory,
  DirectoryEntries,
  FileBlock,
  FileContents,
  GetMetadata,
  Metadata,
  MissingChanged,
  OpenedFile,
  OpenFile,
  ReadBlock,
  ReadDirectory,
  ReadFile,
  RemoveEntry,
  TreeChanged,
  UnwatchTree,
  WalkedTree,
  WalkTree,
  WatchedMissing,
  WatchMissing,
  WatchTree,
  WriteBlock,
  WriteFile,
} from './filesystem-schemas.ts'
import { HttpBodyDelta, HttpRequest, HttpResponse } from './http-schemas.ts'
import {
  CloseInput,
  OutputPage,
  ProcessClosed,
  ProcessExited,
  ProcessOutput,
  ReadOutput,
  ResizeTerminal,
  SignalProcess,
  StartedProcess,
  StartProcess,
  TerminatedProcess,
  TerminateProcess,
  WriteInput,
  WrittenInput,
} from './process-schemas.ts'
import { EnvironmentInfo, EnvironmentStatus, Initialize, Initialized, NoParams } from './session-schemas.ts'

/** Methods that share the wording of the handshake gate. `undefined` is open before the handshake. */
export type MethodFamily =
  | 'exec'
  | 'environment info'
  | 'environment status'
  | 'environment config'
  | 'filesystem'
  | 'http'
  | 'capability discovery'

interface Method<Params extends z.ZodType, Result extends z.ZodType> {
  readonly family: MethodFamily | undefined
  readonly params: Params
  readonly result: Result
}

function method<Params extends z.ZodType, Result extends z.ZodType>(
  family: MethodFamily | undefined,
  params: Params,
  result: Result,
): Method<Params, Result> {
  return { family, params, result }
}

const Empty = z.object({})

/**
 * Every request a client may send. Validation, handlers, the client's calls and the reference documentation all
 * derive from this one object.
 */
export const methods = {
  initialize: method(undefined, Initialize, Initialized),
  'environment/info': method('environment info', NoParams, EnvironmentInfo),
  'environment/status': method('environment status', NoParams, EnvironmentStatus),
  'process/start': method('exec', StartProcess, StartedProcess),
  'process/read': method('exec', ReadOutput, OutputPage),
  'process/write': method('exec', WriteInput, WrittenInput),
  'process/closeStdin': method('exec', CloseInput, WrittenInput),
  'process/resize': method('exec', ResizeTerminal, Empty),
  'process/signal': method('exec', SignalProcess, Empty),
  'process/terminate': method('exec', TerminateProcess, TerminatedProcess),
  'fs/readFile': method('filesystem', ReadFile, FileContents),
  'fs/writeFile': method('filesystem', WriteFile, Empty),
  'fs/open': method('filesystem', OpenFile, OpenedFile),
  'fs/readBlock': method('filesystem', ReadBlock, FileBlock),
  'fs/writeBlock': method('filesystem', WriteBlock, Empty),
  'fs/close': method('filesystem', CloseFile, Empty),
  'fs/createDirectory': method('filesystem', CreateDirectory, Empty),
  'fs/getMetadata': method('filesystem', GetMetadata, Metadata),
  'fs/canonicalize': method('filesystem', Canonicalize, CanonicalPath),
  'fs/readDirectory': method('filesystem', ReadDirectory, DirectoryEntries),
  'fs/walk': method('filesystem', WalkTree, WalkedTree),
  'fs/remove': method('filesystem', RemoveEntry, Empty),
  'fs/copy': method('filesystem', CopyEntry, Empty),
  'fs/watchMissing': method('filesystem', WatchMissing, WatchedMissing),
  'fs/watch': method('filesystem', WatchTree, Empty),
  'fs/unwatch': method('filesystem', UnwatchTree, Empty),
  'http/request': method('http', HttpRequest, HttpResponse),
  'capabilityRoots/discoverV1': method('capability discovery', DiscoverCapabilities, DiscoveredCapabilities),
  'environmentConfig/read': method('environment config', ReadEnvironmentConfig, EnvironmentConfig),
}

/** The one notification a client sends. */
export const initializedNotification = 'initialized'

/** Every notification the gateway sends. */
export const notifications = {
  'process/output': ProcessOutput,
  'process/exited': ProcessExited,
  'process/closed': ProcessClosed,
  'fs/missingChanged': MissingChanged,
  'fs/changed': TreeChanged,
  'http/request/bodyDelta': HttpBodyDelta,
}

export type MethodName = keyof typeof methods
/** What a caller writes: defaults may be left out. */
export type ParamsInput<M extends MethodName> = z.input<(typeof methods)[M]['params']>
/** What a handler receives: decoded and completed. */
export type Params<M extends MethodName> = z.output<(typeof methods)[M]['params']>
export type Result<M extends MethodName> = z.output<(typeof methods)[M]['result']>

/** The typed call every client offers. */
export type Call = <M extends MethodName>(method: M, params: ParamsInput<M>) => Promise<Result<M>>

const methodNames: ReadonlySet<string> = new Set(Object.keys(methods))

export function isMethodName(name: string): name is MethodName {
  return methodNames.has(name)
}
