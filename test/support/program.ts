import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { CollectedText } from './collected-text.ts'
import { ForeignProcess } from './foreign-process.ts'
import { childrenOf } from './leak-check.ts'
import { Peer } from './peer.ts'
import { openPipe } from './pipe-ends.ts'
import { wantsPortable } from './tested-engine.ts'

/** The launcher of this checkout. */
export const launcher = fileURLToPath(new URL('../../bin/execgate.js', import.meta.url))

/** What is on PATH unless a test says otherwise. */
export const plainPath = '/usr/local/bin:/usr/bin:/bin'

/** A free port of this machine. */
export const anyPort = ['--listen', 'ws://127.0.0.1:0'] as const

/** The variable by which a program gets the engine that is tested. */
const testedEngine = wantsPortable ? { EXECGATE_ENGINE: 'portable' } : {}

/** The Node that runs the program, which may be one for another C library than that of the tests. */
export const testedNode = process.env['EXECGATE_TESTED_NODE'] ?? process.execPath

const urlLine = /^(ws:.*)\n/m

export interface ProgramOptions {
  /** Variables beside PATH and HOME, or instead of them. */
  readonly env?: Readonly<Record<string, string>>
  /** What to run instead of the launcher under this Node. The arguments follow it. */
  readonly command?: readonly [string, ...string[]]
  /** An empty folder unless told otherwise. */
  readonly cwd?: string
}

export interface Exit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

/** How a program ended, and all it said. */
export interface Ended extends Exit {
  readonly stdout: string
  readonly stderr: string
}

/**
 * The program as its users run it: a process of its own with pipes for its standard streams and a small environment.
 * Disposing it kills it with everything it has started. A test that runs out of time never gets there, so the end of the
 * test does the same.
 */
export class Program implements AsyncDisposable {
  readonly pid: number
  readonly stdin: Socket
  readonly stdout: Socket
  readonly printed: CollectedText
  readonly logged: CollectedText
  readonly exited: Promise<Exit>
  /** After the exit, when its standard streams have been read to their ends. */
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #home: string
  readonly #peers = new AsyncDisposableStack()

  private constructor(argv: readonly string[], options: ProgramOptions) {
    this.#home = mkdtempSync(join(tmpdir(), 'execgate-e2e-'))
    const [stdin, stdout, stderr] = [openPipe('to them'), openPipe('from them'), openPipe('from them')] as const
    const [file, ...leading] = options.command ?? [testedNode, launcher]
    this.#child = spawn(file, [...leading, ...argv], {
      cwd: options.cwd ?? this.#home,
      env: { PATH: plainPath, HOME: this.#home, ...testedEngine, ...options.env },
      stdio: [stdin.theirs, stdout.theirs, stderr.theirs],
    })
    this.exited = exitOf(this.#child)
    for (const pipe of [stdin, stdout, stderr]) pipe.closeTheirs()
    if (this.#child.pid === undefined) throw new Error(`cannot start ${file}`)
    this.pid = this.#child.pid
    this.stdin = stdin.ours
    this.stdout = stdout.ours
    this.printed = new CollectedText(stdout.ours)
    this.logged = new CollectedText(stderr.ours)
    this.ended = this.#readToTheEnd()
    onTestFinished(() => this[Symbol.asyncDispose]())
  }

  static start(argv: readonly string[], options: ProgramOptions = {}): Program {
    return new Program(argv, options)
  }

  /** Resolves when it has printed the URL it listens on. */
  static async listening(argv: readonly string[], options: ProgramOptions = {}): Promise<Program> {
    const program = new Program(argv, options)
    await program.printed.contains(urlLine)
    return program
  }

  /** Runs it to its own end. */
  static async run(argv: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    await using program = new Program(argv, options)
    program.stdin.end()
    return await program.ended
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get url(): string {
    const [, url] = urlLine.exec(this.printed.text) ?? []
    if (url === undefined) throw new Error('the program has not said where it listens')
    return url
  }

  /** Status of a `GET` on the port it listens on. */
  async statusOf(path: string): Promise<number> {
    const response = await fetch(new URL(path, this.url.replace(/^ws/, 'http')))
    return response.status
  }

  /** A connection with a new session. */
  async connect(): Promise<Peer> {
    const peer = this.#peers.use(await Peer.open(this.url))
    await peer.shakeHands()
    return peer
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  watchdog(): ForeignProcess | undefined {
    return this.descendants().find(isWatchdog)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const family = this.descendants()
    this.#child.kill('SIGKILL')
    // The watchdog ends by itself, after it has ended those that have left the family.
    for (const member of family) if (!isWatchdog(member)) member.kill()
    for (const member of family) await member.gone()
    for (const stream of [this.stdin, this.stdout]) stream.destroy()
    await this.ended
    await this.#peers.disposeAsync()
    rmSync(this.#home, { recursive: true, force: true })
  }

  /** The processes it has started and what they have started. Its pid says nothing once it has ended. */
  descendants(): ForeignProcess[] {
    return this.isRunning ? descendantsOf(this.pid) : []
  }

  async #readToTheEnd(): Promise<Ended> {
    const [exit, stdout, stderr] = await Promise.all([this.exited, this.printed.ended, this.logged.ended])
    this.stdin.destroy()
    return { ...exit, stdout, stderr }
  }
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { status, signal }
}

function isWatchdog(candidate: ForeignProcess): boolean {
  return candidate.commandLine.startsWith('execgate-watchdog ')
}

function descendantsOf(pid: number): ForeignProcess[] {
  return childrenIfAny(pid).flatMap(child => {
    const found = ForeignProcess.find(child)
    return found === undefined ? [] : [found, ...descendantsOf(child)]
  })
}

function childrenIfAny(pid: number): number[] {
  try {
    return childrenOf(pid)
  } catch {
    // It ended while it was looked at, and its children have another parent now.
    return []
  }
}
