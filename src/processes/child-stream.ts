import net from 'node:net'
import type { Libc } from '../libc/libc.ts'

/** More than this is not taken out of a stream at once: a pipe holds 64 KiB unless somebody enlarged it. */
const maxDrainBytes = 512 * 1024

export interface ChildStreamOptions {
  readonly libc: Libc
  /** Owned from now on. */
  readonly descriptor: number
  /** A terminal is written to as well. */
  readonly writable: boolean
  /** Filled by each read; its content is handed over before the next read of any stream that shares it. */
  readonly buffer: Buffer
  readonly output: (bytes: Buffer) => void
  readonly ended: () => void
}

/**
 * The gateway's end of one output stream of a child. Reads go into a shared buffer, so a quiet stream costs no memory
 * and a busy one no allocation.
 */
export class ChildStream implements Disposable {
  readonly #options: ChildStreamOptions
  readonly #socket: net.Socket
  #open = true

  constructor(options: ChildStreamOptions) {
    this.#options = options
    this.#socket = new net.Socket({
      fd: options.descriptor,
      readable: true,
      writable: options.writable,
      allowHalfOpen: true,
      onread: { buffer: options.buffer, callback: this.#received },
    })
    this.#socket.on('end', this.#end)
    // A terminal without a holder reports EIO. Whatever else goes wrong, there is nothing more to read.
    this.#socket.on('error', this.#end)
    this.#socket.resume()
  }

  get isOpen(): boolean {
    return this.#open
  }

  get writer(): net.Socket {
    return this.#socket
  }

  pause(): void {
    if (this.#open) this.#socket.pause()
  }

  resume(): void {
    if (this.#open) this.#socket.resume()
  }

  /** Takes what is in the stream right now, paused or not, without waiting for more. */
  drain(): void {
    const { libc, descriptor, buffer, output } = this.#options
    let taken = 0
    while (this.#open && taken < maxDrainBytes) {
      const count = libc.read(descriptor, buffer)
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

  readonly #received = (count: number, buffer: Uint8Array): boolean => {
    if (this.#open) this.#options.output((buffer as Buffer).subarray(0, count))
    return this.#open
  }

  readonly #end = (): void => {
    if (!this.#open) return
    this.#open = false
    this.#options.ended()
    // What that makes the gateway send goes first.
    process.nextTick(() => this.#socket.destroy())
  }
}
