import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { StreamChannel } from './stream-channel.ts'

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
  readonly #streams: StreamChannel
  readonly #gone: Promise<unknown>
  #ending: Promise<void> | undefined

  private constructor(server: Server, timers: Timers) {
    this.#server = server
    this.#timers = timers
    this.#streams = new StreamChannel({ input: server.stdout, output: server.stdin }, timers)
    this.#gone = once(server, 'close')
  }

  static async open(target: ServerCommand, timers: Timers): Promise<StdioChannel> {
    try {
      const server = spawn(target.command, [...(target.args ?? [])], {
        cwd: target.cwd,
        env: { ...process.env, ...target.env },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      })
      await once(server, 'spawn')
      server.stderr.setEncoding('utf8').on('data', (text: string) => target.stderr?.(text))
      server.stdin.on('error', () => {})
      return new StdioChannel(server, timers)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new GatewayError('spawnFailed', `failed to spawn exec-server: ${cause}`, { cause: error })
    }
  }

  start(events: ChannelEvents): void {
    this.#streams.start({
      received: text => events.received(text),
      ended: reason => {
        events.ended(reason)
        void this.close()
      },
    })
  }

  send(text: string): void {
    this.#streams.send(text)
  }

  pause(): void {
    this.#streams.pause()
  }

  resume(): void {
    this.#streams.resume()
  }

  close(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  /** SIGTERM to the group, a grace, SIGKILL: the last also when the server itself has gone, for what it has left behind. */
  async #end(): Promise<void> {
    // The end of its input ends a server that is well; the signal one that does not read.
    void this.#streams.close()
    this.#signal('SIGTERM')
    const killed = this.#timers.after(graceMs, () => {
      this.#signal('SIGKILL')
      // A daemon may hold it open for ever.
      this.#server.stderr.destroy()
    })
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
