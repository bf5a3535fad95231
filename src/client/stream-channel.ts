import type { Readable, Writable } from 'node:stream'
import type { Timers } from '../lifecycle/timers.ts'
import { LineReader } from '../protocol/line-reader.ts'
import { maxMessageBytes } from '../protocol/limits.ts'
import type { Channel, ChannelEvents } from './channel.ts'

/** How long the server may take to end what it says. */
const closeMs = 2000

/** A server at the other end of two streams: one message per line each way. */
export interface ServerStreams {
  /** What the server says. */
  readonly input: Readable
  /** What the server is told. Its end is the end of the client. */
  readonly output: Writable
}

/** Two streams. Closing it ends the one to the server, and waits a while until the server ends the other. */
export class StreamChannel implements Channel {
  readonly #streams: ServerStreams
  readonly #timers: Timers
  readonly #over = Promise.withResolvers<void>()
  #isOver = false
  #deadline: Disposable | undefined

  constructor(streams: ServerStreams, timers: Timers) {
    this.#streams = streams
    this.#timers = timers
  }

  start(events: ChannelEvents): void {
    const { input, output } = this.#streams
    const over = (reason?: string) => {
      if (this.#isOver) return
      this.#isOver = true
      this.#deadline?.[Symbol.dispose]()
      this.#over.resolve()
      events.ended(reason)
    }
    const lines = new LineReader({ line: text => events.received(text), failed: over }, maxMessageBytes)
    input.on('data', (bytes: Buffer) => lines.push(bytes))
    input.on('end', () => {
      lines.end()
      over()
    })
    input.on('close', () => over())
    // A server that does not read any more ends what it says as well.
    output.on('close', () => this.#expectEnd())
    for (const stream of [input, output]) stream.on('error', () => {})
    // Streams that are over tell nobody any more.
    if (input.destroyed || input.readableEnded) over()
  }

  send(text: string): void {
    if (this.#streams.output.writable) this.#streams.output.write(`${text}\n`)
  }

  pause(): void {
    this.#streams.input.pause()
  }

  resume(): void {
    this.#streams.input.resume()
  }

  async close(): Promise<void> {
    const { input, output } = this.#streams
    output.end()
    input.resume()
    this.#expectEnd()
    await this.#over.promise
  }

  #expectEnd(): void {
    if (!this.#isOver) this.#deadline ??= this.#timers.after(closeMs, () => this.#streams.input.destroy())
  }
}
