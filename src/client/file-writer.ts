import { GatewayError } from '../protocol/gateway-error.ts'
import { blockBytes, type FileCalls, FileHandle } from './file-handle.ts'

/**
 * A file whose contents are replaced from the beginning, block by block. Small pieces are put together. A connection that breaks
 * fails it: opening the file again would empty it.
 */
export class FileWriter implements Disposable {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #signal: AbortSignal
  readonly #block = Buffer.allocUnsafe(blockBytes)
  #filled = 0
  #offset = 0

  private constructor(path: string, handle: FileHandle, signal: AbortSignal) {
    this.#path = path
    this.#handle = handle
    this.#signal = signal
  }

  /** Empties or creates the file. */
  static async open(calls: FileCalls, path: string, signal: AbortSignal): Promise<FileWriter> {
    return new FileWriter(path, await FileHandle.open(calls, path, 'replace', signal), signal)
  }

  /** Takes bytes over; the last of them may be sent later. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + blockBytes - this.#filled)
      this.#block.set(piece, this.#filled)
      this.#filled += piece.length
      at += piece.length
      if (this.#filled === blockBytes) await this.#send()
    }
  }

  /** Resolves when everything is written and the file is being closed. */
  async end(): Promise<void> {
    if (this.#filled > 0) await this.#send()
    this[Symbol.dispose]()
  }

  /** Closes the file as it is. */
  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]()
  }

  async #send(): Promise<void> {
    try {
      await this.#handle.write(this.#offset, this.#block.subarray(0, this.#filled), this.#signal)
    } catch (error) {
      this.#signal.throwIfAborted()
      throw this.#handle.isLostBy(error) ? this.#broken(error) : error
    }
    this.#offset += this.#filled
    this.#filled = 0
  }

  #broken(cause: unknown): GatewayError {
    const message = `the connection broke after ${this.#offset} bytes of ${this.#path}: the file is incomplete, write it again`
    return new GatewayError('disconnected', message, { cause })
  }
}
