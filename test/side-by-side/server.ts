import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Peer } from '../support/peer.ts'
import type { Exchange } from './exchanges.ts'

const invalidParams = -32602
/** Why a request could not be made is told in words of its own by each. */
const fetchFailure = /^(?:http\/request failed|failed to read http\/request response body): /

/** One of the two: a program that serves, and a directory for each client. */
export class SideServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #url: string
  readonly #home: string
  readonly #web: string
  #clients = 0

  private constructor(child: ChildProcess, { url, home, web }: { url: string; home: string; web: string }) {
    this.#child = child
    this.#url = url
    this.#home = home
    this.#web = web
  }

  /** @param web the URL of a web server, without a path */
  static async start(command: readonly [string, ...string[]], web: string): Promise<SideServer> {
    const home = mkdtempSync(join(tmpdir(), 'side-by-side-'))
    const [file, ...leading] = command
    const child = spawn(file, [...leading, 'exec-server', '--listen', 'ws://127.0.0.1:0'], {
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new SideServer(child, { url: line.toString().trim(), home, web })
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
    return new SideClient(peer, { around, web: this.#web })
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
  readonly #web: string

  constructor(peer: Peer, { around, web }: { around: string; web: string }) {
    this.#peer = peer
    this.#around = around
    this.#web = web
  }

  async ask({ method, params }: Exchange): Promise<string> {
    const text = JSON.stringify(params ?? null).replaceAll('<scratch>', `${this.#around}/in`)
    const own = JSON.parse(text.replaceAll('<web>', this.#web)) as unknown
    const heard = this.#peer.received.length
    const reply = await this.#peer.request(method, own)
    // What is asked next finds the process as it stays.
    if (method === 'process/start' && reply.error === undefined) {
      const { processId } = reply.result as { processId: string }
      await this.#peer.event(processId, 'process/closed')
    }
    if (reply.error === undefined) {
      const isStreamed = method === 'http/request' && (own as { streamResponse?: boolean }).streamResponse === true
      const body = isStreamed ? await this.#bodyAfter(heard) : undefined
      return this.#normal({ result: reply.result as unknown, body })
    }
    // How a parameter is wrong is worded by each decoder.
    const { code, message } = reply.error
    const wording = fetchFailure.exec(message)?.[0] ?? message
    return this.#normal({ error: code === invalidParams ? { code } : { code, message: wording } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]()
  }

  /** The body that was streamed, put together, once its last piece is there. How it is cut up is free. */
  async #bodyAfter(heard: number): Promise<string> {
    const pieces = () => this.#peer.received.slice(heard).filter(({ method }) => method === 'http/request/bodyDelta')
    await this.#peer.until(() => pieces().at(-1)?.params.done === true)
    return Buffer.concat(pieces().map(({ params }) => Buffer.from(params.deltaBase64 as string, 'base64'))).toString()
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
