import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { outputChunkBytes } from '../protocol/limits.ts'

/** More than this is not taken out of a stream at once. */
const maxDrainBytes = 512 * 1024

export interface ReadableStreamOptions {
  readonly socket: Socket
  /** What the socket reads; it stays with the socket. */
  readonly descriptor: number
  readonly output: (bytes: Buffer) => void
  readonly ended: () => void
}

/** The gateway's end of one output stream of a child that Node or node-pty started. */
export class ReadableStream implements Disposable {
  readonly #options: ReadableStreamOptions
  #open = true

  constructor(options: ReadableStreamOptions) {
    this.#options = options
    const { socket } = options
    socket.on('data', this.#received)
    socket.on('end', this.#end)
    // A terminal without a holder reports EIO. Whatever else goes wrong, there is nothing more to read.
    socket.on('error', this.#end)
  }

  get isOpen(): boolean {
    return this.#open
  }

  pause(): void {
    if (this.#open) this.#options.socket.pause()
  }

  resume(): void {
    if (this.#open) this.#options.socket.resume()
  }

  /** Takes what is in the stream right now, paused or not, without waiting for more. */
  drain(): void {
    const { socket, descriptor, output } = this.#options
    // What Node has read already comes first; reading hands it to the listener as well.
    while (this.#open && socket.read() !== null);
    const buffer = Buffer.allocUnsafe(outputChunkBytes)
    for (let taken = 0; this.#open && taken < maxDrainBytes;) {
      const count = readNow(descriptor, buffer)
      if (count === undefined) return
      if (count === 0) return this.#end()
      taken += count
      output(buffer.subarray(0, count))
    }
  }

  /** Stops reading; what is left in the stream is lost. */
  [Symbol.dispose](): void {
    this.#end()
  }

  readonly #received = (bytes: Buffer): void => {
    if (this.#open) this.#options.output(bytes)
  }

  readonly #end = (): void => {
    if (!this.#open) return
    this.#open = false
    this.#options.socket.destroy()
    this.#options.ended()
  }
}

/** The number of bytes, 0 at the end, `undefined` when nothing is there yet. */
function readNow(descriptor: number, buffer: Buffer): number | undefined {
  try {
    return readSync(descriptor, buffer)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? undefined : 0
  }
}
