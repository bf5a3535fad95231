import { finished, type Readable, type Writable } from 'node:stream'
import type { Timers } from '../lifecycle/timers.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { LineReader } from '../protocol/line-reader.ts'
import { lengthOf, type OutgoingMessage, textOf } from '../protocol/outgoing-message.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** For how long the reader may read nothing of what is left. It may have something else to do first, as in a pipeline. */
const patienceMs = 5000
/** The same when the program is to end. */
const drainingPatienceMs = 200

/** Standard input and output: one message per line each way, one connection for the life of the program. */
export class StdioTransport implements Transport {
  readonly kind = 'stdio'
  readonly malformedPrefix = 'failed to parse JSON-RPC message from exec-server stdio: '
  readonly #input: Readable
  readonly #output: Writable
  readonly #timers: Timers
  readonly #maxMessageBytes: number
  #receivedBytes = 0
  #sentBytes = 0

  constructor(options: { input: Readable; output: Writable; timers: Timers; maxMessageBytes: number }) {
    this.#input = options.input
    this.#output = options.output
    this.#timers = options.timers
    this.#maxMessageBytes = options.maxMessageBytes
  }

  get queuedBytes(): number {
    return this.#output.writableLength
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  get takenBytes(): number {
    return this.#sentBytes - this.#output.writableLength
  }

  start(events: TransportEvents): void {
    const reader = new LineReader(
      {
        line: text => {
          events.received(text)
        },
        longLine: bytes => {
          events.received(bytes)
        },
        overlong: () => {
          events.overlong()
        },
        failed: detail => {
          events.close(closeCodes.protocolError, detail, 'protocol_error')
        },
      },
      this.#maxMessageBytes,
    )
    this.#input.on('data', (bytes: Buffer) => {
      this.#receivedBytes += bytes.length
      reader.push(bytes)
    })
    this.#input.on('end', () => {
      reader.end()
      events.inputEnded()
    })
    this.#input.on('error', () => {
      events.disconnected()
    })
    this.#output.on('drain', () => {
      events.drained()
    })
    this.#output.on('error', () => {
      events.disconnected()
    })
  }

  send(message: OutgoingMessage): void {
    if (!this.#output.writable) return
    this.#sentBytes += lengthOf(message) + 1
    this.#output.write(`${textOf(message)}\n`)
  }

  /** A pipe confirms nothing, and nothing that was written to it is ever asked for again. */
  requestConfirmation(): void {}

  pauseInput(): void {
    this.#input.pause()
  }

  resumeInput(): void {
    this.#input.resume()
  }

  /** Lines have no place for a code or a reason. */
  async close(code: number): Promise<void> {
    const output = this.#output
    this.#input.pause()
    output.end()
    if (output.writableFinished || output.destroyed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    finished(output, () => {
      resolve()
    })
    const waitMs = code === closeCodes.goingAway ? drainingPatienceMs : patienceMs
    let left = output.writableLength
    const lookLater = () =>
      this.#timers.after(waitMs, () => {
        if (output.writableLength === left) output.destroy()
        left = output.writableLength
        next = lookLater()
      })
    let next = lookLater()
    await promise
    next[Symbol.dispose]()
  }
}
