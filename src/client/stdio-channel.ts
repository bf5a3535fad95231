import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { LineReader } from '../protocol/line-reader.ts'
import { maxMessageBytes } from '../protocol/limits.ts'
import type { Channel, ChannelEvents } from './channel.ts'

/** Between SIGTERM and SIGKILL to the group of the server. */
const graceMs = 2000

/** A server that is a child of the caller and speaks over standard input and output. No shell is involved. */
export interface ServerCommand {
  readonly command: string
  readonly args?: readonly string[]
  /** Added to the caller's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Gets each piece of what the server writes to standard error; default: it is discarded. */
  readonly stderr?: (text: string) => void
}

type Server = ChildProcessByStdio<Writable, Readable, Readable>

/** A child in a process group of its own: each message is one line. The group ends with the channel. */
export class StdioChannel implements Channel {
  readonly #server: Server
  readonly #timers: Timers
  readonly #gone: Promise<unknown>
  #ending: Promise<void> | undefined

  private constructor(server: Server, timers: Timers) {
    this.#server = server
    this.#timers = timers
    this.#gone = once(server, 'close')
  }

  static async open(target: ServerCommand, timers: Timers): Promise<StdioChannel> {
    const server = spawn(target.command, [...(target.args ?? [])], {
      cwd: target.cwd,
      env: { ...process.env, ...target.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    server.stderr.setEncoding('utf8').on('data', (text: string) => target.stderr?.(text))
    // A server that does not read any more ends its output as well.
    server.stdin.on('error', () => {})
    try {
      await once(server, 'spawn')
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new GatewayError('spawnFailed', `failed to spawn exec-server: ${cause}`, { cause: error })
    }
    return new StdioChannel(server, timers)
  }

  start(events: ChannelEvents): void {
    let isOver = false
    const over = (reason?: string) => {
      if (isOver) return
      isOver = true
      events.ended(reason)
      void this.close()
    }
    const lines = new LineReader({ line: text => events.received(text), failed: over }, maxMessageBytes)
    this.#server.stdout.on('data', (bytes: Buffer) => lines.push(bytes))
    this.#server.stdout.on('end', () => {
      lines.end()
      over()
    })
    this.#server.on('close', () => over())
  }

  send(text: string): void {
    if (this.#server.stdin.writable) this.#server.stdin.write(`${text}\n`)
  }

  close(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  /** SIGTERM to the group, a grace, SIGKILL: the last also when the server itself has gone, for what it has left behind. */
  async #end(): Promise<void> {
    // The end of its input ends a server that is well; the signal one that does not read.
    this.#server.stdin.end()
    this.#signal('SIGTERM')
    const killed = this.#timers.after(graceMs, () => this.#signal('SIGKILL'))
    await this.#gone
    killed[Symbol.dispose]()
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#server
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // The group is gone already.
    }
  }
}
