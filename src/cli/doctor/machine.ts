import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { Libc } from '../../libc/libc.ts'
import { NodePty } from '../../processes/node-pty.ts'

/** How long a program may take to show that it works. */
const maxTrialMs = 5000
/** Of what it says, more than the reason it gives is not wanted. */
const maxSaidBytes = 64 * 1024

/** How a program that was tried came out. */
export interface Trial {
  readonly isSuccess: boolean
  /** Both streams, one after the other; why it could not run where it said nothing. */
  readonly said: string
}

/** The calls of the C library that are tried. */
export type TriedLibc = Pick<Libc, 'openTerminal' | 'openPidDescriptor' | 'close' | 'limitOf' | 'landlockVersion'>

/** What a doctor asks of a machine. Whatever is not there makes it throw. */
export interface Machine {
  readonly platform: string
  readonly architecture: string
  readonly pid: number
  readonly libc: () => TriedLibc
  /** Loads what the portable engine makes terminals with. */
  readonly loadPty: () => void
  readonly read: (path: string) => string
  readonly mayWrite: (path: string) => boolean
  readonly mayExecute: (path: string) => boolean
  /** Runs a program to its end. */
  readonly run: (file: string, ...argv: string[]) => Promise<Trial>
  /** Listens on an address for a moment. */
  readonly bind: (host: string) => Promise<void>
}

/** The machine this program runs on. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    architecture: process.arch,
    pid: process.pid,
    libc: () => Libc.load(),
    loadPty: () => {
      NodePty.load()
    },
    read: path => readFileSync(path, 'utf8'),
    mayWrite: path => isAllowed(path, constants.W_OK),
    mayExecute: path => isAllowed(path, constants.X_OK),
    run: runToItsEnd,
    bind,
  }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

function runToItsEnd(file: string, ...argv: string[]): Promise<Trial> {
  const { promise, resolve, reject } = Promise.withResolvers<Trial>()
  execFile(file, argv, { timeout: maxTrialMs, killSignal: 'SIGKILL', maxBuffer: maxSaidBytes }, (error, out, err) => {
    if (error?.code === 'ENOENT') reject(new Error(`${file} is not on PATH`))
    else resolve({ isSuccess: error === null, said: `${out}${err}`.trim() || (error?.message ?? '') })
  })
  return promise
}

async function bind(host: string): Promise<void> {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
