import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import type { Launch } from './engine.ts'
import { executableCandidates } from './executable-lookup.ts'
import { SystemError } from '../libc/system-error.ts'

const ENOENT = -2
const E2BIG = -7
const EACCES = -13

/** The longest argument or variable: execve(2), MAX_ARG_STRLEN */
const maxStringBytes = 128 * 1024
/** As much of the first line of a script as the kernel looks at. */
const firstLineBytes = 256

/** A working directory as a text, which not every path is. It is to be kept until the process has started. */
export function openWorkingDirectory(path: Buffer): Disposable & { readonly path: string } {
  const text = path.toString()
  if (Buffer.from(text).equals(path)) return { path: text, [Symbol.dispose]: () => {} }
  const descriptor = attempt(() => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
  return { path: `/proc/${process.pid}/fd/${descriptor}`, [Symbol.dispose]: () => closeSync(descriptor) }
}

/**
 * Fails as the start of a process in a terminal would: node-pty tells of a failure in the terminal, after the start.
 * @throws SystemError
 */
export function checkExecution(start: {
  readonly launch: Launch
  readonly environment: readonly string[]
  readonly cwd: string
}): void {
  const { launch, environment, cwd } = start
  attempt(() => {
    accessSync(`${cwd}/.`, constants.X_OK)
  })
  const strings = [...launch.argv, ...environment]
  if (strings.some(text => Buffer.byteLength(text) >= maxStringBytes)) throw SystemError.fromNode(E2BIG)
  const [program] = launch.argv
  let failure: number | undefined
  for (const candidate of executableCandidates(program, launch.environment.get('PATH'))) {
    const errno = whyNotExecutable(candidate.startsWith('/') ? candidate : `${cwd}/${candidate}`)
    if (errno === undefined) return
    if (failure === undefined || errno === EACCES) failure = errno
  }
  throw SystemError.fromNode(failure ?? ENOENT)
}

/** The error number of Node for which a file would not be executed; `undefined` when nothing speaks against it. */
export function whyNotExecutable(file: string): number | undefined {
  try {
    accessSync(file, constants.X_OK)
    if (!statSync(file).isFile()) return EACCES
    const interpreter = interpreterOf(file)
    if (interpreter !== undefined) accessSync(interpreter, constants.X_OK)
    return undefined
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    if (errno === undefined) throw error
    return errno
  }
}

/** What runs a script. A program that may be executed need not be readable. */
function interpreterOf(file: string): string | undefined {
  const start = Buffer.alloc(firstLineBytes)
  try {
    const descriptor = openSync(file, 'r')
    try {
      readSync(descriptor, start)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
  return /^#![ \t]*(?<path>\/[^\s\0]*)/.exec(start.toString('latin1'))?.groups?.['path']
}

function attempt<Value>(act: () => Value): Value {
  try {
    return act()
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    throw errno === undefined ? error : SystemError.fromNode(errno)
  }
}
