import type { FileHandle } from 'node:fs/promises'
import type { Ledger } from '../lifecycle/ledger.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxBlockBytes, maxFileHandles, maxHandleIdBytes } from './filesystem-limits.ts'
import type { PathOrder } from './path-order.ts'
import { type FileBlock, type FileReading, OpenFile, writeBlock } from './open-file.ts'

/** Largest offset of a file, and thus the end of the furthest block. off_t */
const maxFileEnd = 2n ** 63n - 1n

interface FileHandlesOptions {
  readonly setup: FileReading
  readonly ledger: Ledger
  /** In which writes have their place, beside everything else that is done at the path. */
  readonly order: PathOrder
  /** Runs what makes large replies when it may. */
  readonly inTurn: <Value>(work: () => Promise<Value>) => Promise<Value>
}

/** A file that is being opened, and where. */
interface Opening {
  readonly path: Buffer
  readonly opening: Promise<FileHandle>
}

/** The files a connection has opened, by the ids it chose. They go with the connection, not with its session. */
export class FileHandles implements AsyncDisposable {
  readonly #files = new Map<string, OpenFile>()
  readonly #options: FileHandlesOptions

  constructor(options: FileHandlesOptions) {
    this.#options = options
  }

  /**
   * Opens a file under an id. The id is taken from now on, and free again if the file cannot be opened.
   * @param open called when the id is found to be good, so that errors about it come before those about a path, as the reference has it
   * @throws GatewayError for an id that is too long or taken, and beyond 128 handles
   */
  async open(id: string, open: () => Opening): Promise<void> {
    this.#refuse(id)
    const { path, opening } = open()
    const { setup, ledger } = this.#options
    const file = new OpenFile({ path, setup, opening, guard: ledger.take('file_handle') })
    this.#files.set(id, file)
    try {
      await opening
    } catch (error) {
      await this.#drop(id, file)
      throw error
    }
  }

  /** A failing read closes the handle. */
  async read(id: string, offset: bigint, length: number): Promise<FileBlock> {
    refuseLongId(id)
    refuseLength('read', length)
    const file = this.#find(id)
    try {
      return await file.inOrder(
        handle => this.#options.inTurn(() => file.read(handle, offset, length)),
        () => unknown(id),
      )
    } finally {
      if (file.isBroken) await this.#drop(id, file)
    }
  }

  async write(id: string, offset: bigint, bytes: Buffer): Promise<void> {
    refuseLongId(id)
    refuseLength('write', bytes.length)
    if (offset + BigInt(bytes.length) > maxFileEnd) {
      const text = 'file write range exceeds the signed 64-bit file offset limit'
      throw new GatewayError('invalidRequest', text)
    }
    const file = this.#find(id)
    using place = this.#options.order.claim({ paths: [file.path], changes: true })
    const write = async (handle: FileHandle) => {
      await place.ready
      await writeBlock(handle, offset, bytes)
    }
    await file.inOrder(write, () => unknown(id))
  }

  /** What was asked before is still done; the id is free at once. Closing what is not open does nothing. */
  async close(id: string): Promise<void> {
    refuseLongId(id)
    const file = this.#files.get(id)
    if (file !== undefined) await this.#drop(id, file)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    await Promise.allSettled(files.map(file => file[Symbol.asyncDispose]()))
  }

  #refuse(id: string): void {
    refuseLongId(id)
    if (this.#files.has(id)) throw new GatewayError('invalidRequest', `file handle \`${id}\` already exists`)
    if (this.#files.size < maxFileHandles) return
    throw new GatewayError('invalidRequest', `at most ${maxFileHandles} file handles may be open per connection`, {
      data: { limit: { name: 'maxFileHandles', value: maxFileHandles } },
    })
  }

  #find(id: string): OpenFile {
    const file = this.#files.get(id)
    if (file === undefined) throw unknown(id)
    return file
  }

  async #drop(id: string, file: OpenFile): Promise<void> {
    if (this.#files.get(id) === file) this.#files.delete(id)
    await file[Symbol.asyncDispose]()
  }
}

function refuseLongId(id: string): void {
  if (Buffer.byteLength(id) <= maxHandleIdBytes) return
  throw new GatewayError('invalidRequest', `file handle ID must not exceed ${maxHandleIdBytes} bytes`)
}

function refuseLength(verb: 'read' | 'write', length: number): void {
  if (length >= 1 && length <= maxBlockBytes) return
  throw new GatewayError('invalidRequest', `file ${verb} block length must be between 1 and ${maxBlockBytes}`)
}

function unknown(id: string): GatewayError {
  return new GatewayError('notFound', `unknown file handle \`${id}\``)
}
