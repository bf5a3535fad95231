import { randomUUID } from 'node:crypto'
import { isTransportLoss, protocolViolation } from './call-errors.ts'
import { orAborted } from './deadline.ts'
import type { ProcessCalls } from './process-calls.ts'

/** Largest block of a file that one request reads or writes. */
export const blockBytes = 1024 * 1024

/** What makes calls about files. */
export interface FileCalls extends ProcessCalls {
  /** Another one whenever the connection was replaced: handles end with theirs. */
  readonly connection: object
}

/** What makes calls about files that may take more than one connection. */
export interface RepeatedCalls extends FileCalls {
  /** Makes an attempt again on the next connection when one breaks, within measure. */
  repeated<Value>(attempt: () => Promise<Value>, signal?: AbortSignal, hasAdvanced?: () => boolean): Promise<Value>
}

/** A part of a file. */
export interface Block {
  readonly bytes: Buffer
  /** Whether the file ends with it. */
  readonly isLast: boolean
}

/** A file that the server has open for one connection. Disposing it closes it in the background, whatever is answered. */
export class FileHandle implements Disposable {
  readonly #calls: FileCalls
  readonly #id: string
  readonly #connection: object
  #isClosed = false

  private constructor(calls: FileCalls, id: string) {
    this.#calls = calls
    this.#id = id
    this.#connection = calls.connection
  }

  /** Opens a file, or with `replace` empties or creates it. One that comes to be open after the abort is closed. */
  static async open(
    calls: FileCalls,
    path: string,
    mode: 'read' | 'replace',
    signal: AbortSignal,
  ): Promise<FileHandle> {
    signal.throwIfAborted()
    const handleId = randomUUID().replaceAll('-', '')
    // Servers that only read do not know the mode. Emptying a file must not happen twice.
    const reads = mode === 'read'
    const opening = calls.call('fs/open', { handleId, path, ...(!reads && { mode }) }, { repeats: reads })
    const opened = opening.then(() => new FileHandle(calls, handleId))
    try {
      return await orAborted(opened, signal)
    } catch (error) {
      void opened.then(
        handle => handle[Symbol.dispose](),
        () => {},
      )
      throw error
    }
  }

  /** Whether a call failed because the connection of the handle is over, and the handle with it. */
  isLostBy(error: unknown): boolean {
    return isTransportLoss(error) || this.#calls.connection !== this.#connection
  }

  async read(offset: number, signal: AbortSignal): Promise<Block> {
    const params = { handleId: this.#id, offset, len: blockBytes }
    const { chunk, eof } = await this.#calls.call('fs/readBlock', params, { signal })
    const bytes = Buffer.from(chunk, 'base64')
    if (bytes.length > blockBytes) throw protocolViolation('a block is larger than was asked for')
    if (bytes.length === 0 && !eof) throw protocolViolation('an empty block is not the end of its file')
    return { bytes, isLast: eof }
  }

  async write(offset: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
    const params = { handleId: this.#id, offset, chunk: bytes.toString('base64') }
    await this.#calls.call('fs/writeBlock', params, { signal })
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#calls.connection !== this.#connection) return
    void this.#calls.call('fs/close', { handleId: this.#id }, { waits: false }).catch(() => {})
  }
}
