import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { TerminalSize } from '../protocol/process-schemas.ts'

/** A process in a terminal, as node-pty starts it. */
export interface ForkedTerminal {
  readonly pid: number
  /** The master of the terminal, which does not block. */
  readonly fd: number
}

/** What node-pty calls the native API: its own class lets go of a terminal 200 ms after the exit, read or not. */
interface NativePty {
  fork(...arguments_: unknown[]): ForkedTerminal
  resize(fd: number, columns: number, rows: number): void
}

export interface TerminalLaunch {
  /** Searched as execvp(3) does, in the environment of the new process. */
  readonly argv: readonly [program: string, ...rest: string[]]
  readonly environment: readonly string[]
  readonly cwd: string
  readonly size: TerminalSize
  readonly exited: (code: number, signal: number) => void
}

/** The only file that knows node-pty, of which the native API is used: hence the exact version in package.json. */
export class NodePty {
  readonly #native: NativePty
  readonly #helper: string

  private constructor(native: NativePty, helper: string) {
    this.#native = native
    this.#helper = helper
  }

  /** @throws when the package is missing or has no binary for this platform */
  static load(): NodePty {
    const require = createRequire(import.meta.url)
    const { native } = require('node-pty') as { native: NativePty }
    const folder = dirname(require.resolve('node-pty/package.json'))
    // Executed on macOS only, where a process cannot be started in a terminal otherwise.
    const helper = join(folder, 'prebuilds', `${process.platform}-${process.arch}`, 'spawn-helper')
    return new NodePty(native, helper)
  }

  fork({ argv, environment, cwd, size, exited }: TerminalLaunch): ForkedTerminal {
    const [program, ...rest] = argv
    const [sameUser, sameGroup, isUtf8] = [-1, -1, false]
    return this.#native.fork(
      program,
      rest,
      environment,
      cwd,
      size.cols,
      size.rows,
      sameUser,
      sameGroup,
      isUtf8,
      this.#helper,
      exited,
    )
  }

  /** @param fd of a terminal that is open */
  resize(fd: number, { rows, cols }: TerminalSize): void {
    this.#native.resize(fd, cols, rows)
  }
}
