import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Peer } from '../support/peer.ts'
import type { Exchange } from './exchanges.ts'

const invalidParams = -32602

/** One of the two: a program that serves, and a directory for each client. */
export class SideServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #url: string
  readonly #home: string
  #clients = 0

  private constructor(child: ChildProcess, url: string, home: string) {
    this.#child = child
    this.#url = url
    this.#home = home
  }

  static async start(command: readonly [string, ...string[]]): Promise<SideServer> {
    const home = mkdtempSync(join(tmpdir(), 'side-by-side-'))
    const [file, ...leading] = command
    const child = spawn(file, [...leading, 'exec-server', '--listen', 'ws://127.0.0.1:0'], {
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new SideServer(child, line.toString().trim(), home)
  }

  async connect(): Promise<SideClient> {
    this.#clients += 1
    const around = join(this.#home, String(this.#clients))
    const scratch = join(around, 'in')
    mkdirSync(join(scratch, 'd/e'), { recursive: true })
    writeFileSync(join(scratch, 'a'), 'hello')
    writeFileSync(join(scratch, 'd/e/f'), '')
    symlinkSync('a', join(scratch, 'link'))
    symlinkSync('loop', join(scratch, 'loop'))
    const peer = await Peer.open(this.#url)
    await peer.shakeHands()
    return new SideClient(peer, around)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await once(this.#child, 'exit')
    rmSync(this.#home, { recursive: true, force: true })
  }
}

/** Asks one server and tells what it said, without what differs from server to server by nature. */
export class SideClient implements AsyncDisposable {
  readonly #peer: Peer
  readonly #around: string

  constructor(peer: Peer, around: string) {
    this.#peer = peer
    this.#around = around
  }

  async ask({ method, params }: Exchange): Promise<string> {
    const own = JSON.parse(JSON.stringify(params ?? null).replaceAll('<scratch>', `${this.#around}/in`)) as unknown
    const reply = await this.#peer.request(method, own)
    // What is asked next finds the process as it stays.
    if (method === 'process/start' && reply.error === undefined) {
      const { processId } = reply.result as { processId: string }
      await this.#peer.event(processId, 'process/closed')
    }
    if (reply.error === undefined) return this.#normal({ result: reply.result as unknown })
    // How a parameter is wrong is worded by each decoder.
    const { code, message } = reply.error
    return this.#normal({ error: code === invalidParams ? { code } : { code, message } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]()
  }

  #normal(answer: unknown): string {
    const text = JSON.stringify(answer, (key, value: unknown) => (isOwn(key) ? undefined : sorted(value)))
    return text.replaceAll(this.#around, '<around>')
  }
}

/** Times, ids and additions. */
function isOwn(key: string): boolean {
  return ['createdAtMs', 'modifiedAtMs', 'sessionId', 'receipt', 'firstRetainedSeq', 'data'].includes(key)
}

/** Directories are listed in no particular order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.every(item => typeof item === 'object') ? value.toSorted(byText) : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}
