import type { Metadata } from '../protocol/filesystem-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { type FileCalls, FileHandle } from './file-handle.ts'
import { remoteIdentity } from './transfer/identity.ts'

/** Times a file is opened again without a block in between. */
const maxReopenings = 8

export interface FileReaderOptions {
  readonly calls: FileCalls
  /** A `file:` URL. */
  readonly path: string
  /** Told before the file is opened: a later file that differs from it is another one. */
  readonly metadata: Metadata
  readonly signal: AbortSignal | undefined
  /** Where it is read from. Default: its beginning. */
  readonly from?: number
}

/**
 * A file that is read to its end, block by block. A connection that breaks takes the handle with it: the file
 * is opened again and read on, unless its size or its times say that it is not the same any more.
 */
export class FileReader implements Disposable {
  readonly #options: FileReaderOptions
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  #handle: FileHandle | undefined
  #offset: number
  #isAtEnd = false

  private constructor(options: FileReaderOptions) {
    this.#options = options
    this.#offset = options.from ?? 0
    const own = this.#abort.signal
    this.#signal = options.signal === undefined ? own : AbortSignal.any([options.signal, own])
  }

  static async open(options: FileReaderOptions): Promise<FileReader> {
    const reader = new FileReader(options)
    reader.#handle = await FileHandle.open(options.calls, options.path, 'read', reader.#signal)
    return reader
  }

  /** The next block; undefined at the end. Not to be called again before it settles. */
  async next(): Promise<Buffer | undefined> {
    for (let reopenings = 0; !this.#isAtEnd; reopenings += 1) {
      this.#handle ??= await this.#reopen()
      const handle = this.#handle
      try {
        const { bytes, isLast } = await handle.read(this.#offset, this.#signal)
        this.#offset += bytes.length
        this.#isAtEnd = isLast
        if (isLast) handle[Symbol.dispose]()
        if (bytes.length > 0) return bytes
      } catch (error) {
        this.#signal.throwIfAborted()
        if (!handle.isLostBy(error) || reopenings >= maxReopenings) throw error
        this.#handle = undefined
      }
    }
    return undefined
  }

  /** Closes the file; a block that is being read fails with the reason. */
  [Symbol.dispose](): void {
    this.#abort.abort(new GatewayError('disconnected', 'the file was closed'))
    this.#handle?.[Symbol.dispose]()
  }

  async #reopen(): Promise<FileHandle> {
    const { calls, path, metadata } = this.#options
    using acquired = new DisposableStack()
    const signal = this.#signal
    const handle = acquired.use(await FileHandle.open(calls, path, 'read', signal))
    const now = await calls.call('fs/getMetadata', { path }, { repeats: true, signal })
    if (remoteIdentity(now) !== remoteIdentity(metadata)) throw changed(path, this.#offset)
    acquired.move()
    return handle
  }
}

function changed(path: string, offset: number): GatewayError {
  const message = `the connection broke after ${offset} bytes of ${path}, and the file has changed since: read it again`
  return new GatewayError('disconnected', message)
}
