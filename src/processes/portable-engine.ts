import { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { ReadStream } from 'node:tty'
import { GatewayError } from '../protocol/gateway-error.ts'
import { terminalColumns, terminalRows } from '../protocol/limits.ts'
import type { Child, ChildEvents, Launch, ProcessEngine } from './engine.ts'
import { executableCandidates } from './executable-lookup.ts'
import type { ForkedTerminal, NodePty, TerminalLaunch } from './node-pty.ts'
import { PortableChild } from './portable-child.ts'
import { checkExecution, openWorkingDirectory, whyNotExecutable } from './portable-checks.ts'
import { SessionTable } from './session-table.ts'
import { SystemError } from '../libc/system-error.ts'
import { openTerminalWriter } from './terminal-writer.ts'

const ENOENT = -2
const EACCES = -13
const ENOTDIR = -20

/**
 * What `child_process.spawn` is made of. It returns the error number at once, where the function tells of it later, and
 * takes argv[0] and the environment as they are.
 */
interface SpawningProcess {
  spawn(options: SpawnOptions): number
}

interface SpawnOptions {
  readonly file: string
  readonly args: readonly string[]
  readonly envPairs: readonly string[]
  readonly cwd: string
  /** In a session and group of its own. */
  readonly detached: boolean
  readonly stdio: readonly ['pipe' | 'ignore', 'pipe', 'pipe']
}

/** Node keeps descriptors to itself. */
interface Handled {
  readonly _handle: { readonly fd: number }
}

/**
 * Starts processes with what Node has for it, and in terminals with node-pty. Runs wherever Node does; what it cannot do is
 * in docs/engines.md.
 */
export class PortableEngine implements ProcessEngine {
  readonly name = 'portable'
  /** Why there are no terminals, if there are none. */
  readonly #pty: NodePty | string
  readonly #sessions = new SessionTable()

  constructor(pty: NodePty | string) {
    this.#pty = pty
  }

  start(launch: Launch, events: ChildEvents): Child {
    using cwd = openWorkingDirectory(launch.cwd)
    return launch.streams === 'terminal'
      ? this.#startInTerminal(launch, cwd.path, events)
      : startWithPipes(launch, cwd.path, { events, sessions: this.#sessions })
  }

  #startInTerminal(launch: Launch, cwd: string, events: ChildEvents): Child {
    const pty = this.#pty
    if (typeof pty === 'string') {
      throw new GatewayError('refused', `the portable engine has no terminals: node-pty cannot be loaded: ${pty}`)
    }
    const [program, ...rest] = launch.argv
    const environment = pairsOf(launch)
    checkExecution({ launch, environment, cwd })
    const exits: { told?: (code: number, signal: number) => void } = {}
    const argv = launch.arg0 === undefined ? launch.argv : renamed(launch.arg0, program, rest)
    const { pid, fd } = forked(pty, {
      argv,
      environment,
      cwd,
      size: launch.terminalSize ?? { rows: terminalRows, cols: terminalColumns },
      exited: (code, signal) => exits.told?.(code, signal),
    })
    const socket = new ReadStream(fd)
    const child = new PortableChild({
      pid,
      events,
      sessions: this.#sessions,
      isTerminal: true,
      outputs: [{ stream: 'pty', socket, descriptor: fd }],
      input: { writer: openTerminalWriter(fd), close: () => {} },
      resize: size => {
        pty.resize(fd, size)
      },
    })
    exits.told = child.exited
    return child
  }
}

/** @throws GatewayError when the operating system refuses, of which node-pty does not tell why */
function forked(pty: NodePty, launch: TerminalLaunch): ForkedTerminal {
  try {
    return pty.fork(launch)
  } catch (cause) {
    const text = 'failed to start in a terminal: the system may have no process, terminal or file descriptor left'
    throw new GatewayError('refused', text, { cause })
  }
}

/** What a child is made part of. */
interface Adoption {
  readonly events: ChildEvents
  readonly sessions: SessionTable
}

/** As execvp(3), by which Node executes: tries the candidates in turn. Node itself searches other directories. */
function startWithPipes(launch: Launch, cwd: string, adoption: Adoption): Child {
  const [program, ...rest] = launch.argv
  const candidates = executableCandidates(program, launch.environment.get('PATH'))
  let failure: number | undefined
  for (const candidate of candidates) {
    const file = candidate.includes('/') ? candidate : `./${candidate}`
    const child = new ChildProcess()
    // A failed start is told a second time.
    child.on('error', () => {})
    // Much cheaper than a start that fails, and there may be thousands.
    const path = file.startsWith('/') ? file : `${cwd}/${file}`
    const hopeless = candidates.length > 1 ? whyNotExecutable(path) : undefined
    const errno =
      hopeless ??
      spawn(child, {
        file,
        args: [launch.arg0 ?? program, ...rest],
        envPairs: pairsOf(launch),
        cwd,
        detached: true,
        stdio: [launch.streams === 'pipes' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      })
    if (errno === 0) return adopt(child, adoption)
    if (errno !== ENOENT && errno !== ENOTDIR && errno !== EACCES) throw SystemError.fromNode(errno)
    // A candidate that exists but may not be executed says more than one that does not exist.
    if (failure === undefined || errno === EACCES) failure = errno
  }
  throw SystemError.fromNode(failure ?? ENOENT)
}

function adopt(child: ChildProcess, { events, sessions }: Adoption): Child {
  const { pid, stdin, stdout, stderr } = child
  if (pid === undefined || stdout === null || stderr === null) throw new Error('a started process has no streams')
  const output = (stream: 'stdout' | 'stderr', socket: Socket) => ({
    stream,
    socket,
    descriptor: (socket as unknown as Handled)._handle.fd,
  })
  const portable = new PortableChild({
    pid,
    events,
    sessions,
    isTerminal: false,
    outputs: [output('stdout', stdout as Socket), output('stderr', stderr as Socket)],
    input: stdin === null ? undefined : { writer: stdin, close: () => stdin.destroy() },
    resize: () => {},
  })
  child.on('exit', (code, signal) => {
    portable.exited(code ?? 0, signal === null ? 0 : constants.signals[signal])
  })
  return portable
}

/** Some failures are returned, others thrown. */
function spawn(child: ChildProcess, options: SpawnOptions): number {
  try {
    return (child as unknown as SpawningProcess).spawn(options)
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    if (errno === undefined) throw error
    return errno
  }
}

function pairsOf({ environment }: Launch): string[] {
  return Array.from(environment, ([name, value]) => `${name}=${value}`)
}

/** node-pty gives a program no other name than its own; bash does. */
function renamed(arg0: string, program: string, rest: readonly string[]): Launch['argv'] {
  const bash = '/bin/bash'
  if (whyNotExecutable(bash) !== undefined) {
    throw new GatewayError(
      'refused',
      'the portable engine sets arg0 in a terminal by way of /bin/bash, which is missing',
    )
  }
  return [bash, '-c', 'exec -a "$0" "$@"', arg0, program, ...rest]
}
