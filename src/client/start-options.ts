import { randomUUID } from 'node:crypto'
import type { EnvironmentPolicy, TerminalSize } from '../protocol/process-schemas.ts'
import { fileUri } from './file-path.ts'
import type { StartParams } from './process-start.ts'

/** A command: a program with its arguments, or a line for `/bin/sh -c`. */
export type Command = string | readonly string[]

export interface StartOptions {
  /** An absolute path at the server, or a `file:` URL. Default: where the server runs. */
  readonly cwd?: string
  /** Laid over what `envPolicy` makes. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * What is inherited from the server. Default: everything but names that look like credentials. `none`: the environment is
   * exactly `env`.
   */
  readonly envPolicy?: EnvironmentPolicy | 'none'
  /** Runs it in a terminal: its output is the stream `pty`. Default false. */
  readonly tty?: boolean
  /** Of its terminal. Default 24 rows and 80 columns, as with servers that do not announce `resize`. */
  readonly terminalSize?: TerminalSize
  /**
   * The server kills it with all its descendants after this many milliseconds, whether or not anybody is connected then; the
   * receipt has the cause `timeout`. Needs a server that announces `timeouts`. Default: never.
   */
  readonly timeoutMs?: number
  /** Default `none`: reading gives the end of the input at once. A terminal always has input. */
  readonly stdin?: 'pipe' | 'none'
  /** Unique within the session. Default: a new UUID. */
  readonly processId?: string
  /** Other members of `process/start`: `sandbox`, `metadata`, `arg0` and so on. */
  readonly more?: Partial<StartParams>
  /** Output a slow reader may fall behind, in bytes. Default 8 MiB. */
  readonly bufferBytes?: number
  /**
   * Whether a reader of `output` that is `bufferBytes` behind holds the whole connection back, so that it loses nothing however
   * slow it is. Everything else of the client waits with it, calls made by the reader itself included. Default false.
   */
  readonly holdsConnection?: boolean
  /** Gives the start up; a process that came about all the same is killed. */
  readonly signal?: AbortSignal
}

/** Everything but what looks like a credential. */
const inheritedByDefault: EnvironmentPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: false,
  exclude: [],
  set: {},
  includeOnly: [],
}

/** What goes over the wire; `serverCwd` is a `file:` URL. */
export function startParams(command: Command, options: StartOptions, serverCwd: string): StartParams {
  const { cwd, env = {}, envPolicy = inheritedByDefault, tty = false, stdin = 'none', more } = options
  return {
    processId: options.processId ?? randomUUID(),
    argv: typeof command === 'string' ? ['/bin/sh', '-c', command] : [...command],
    cwd: cwd === undefined ? serverCwd : fileUri(cwd),
    envPolicy: envPolicy === 'none' ? null : envPolicy,
    env,
    tty,
    ...(options.terminalSize !== undefined && { terminalSize: options.terminalSize }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    pipeStdin: !tty && stdin === 'pipe',
    ...more,
  }
}
