import type { ReadableStream, WritableStream } from 'node:stream/web'
import type { Metadata, WalkedTree, WalkOptions } from '../protocol/filesystem-schemas.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { orAborted } from './deadline.ts'
import { requireExtension } from './extensions.ts'
import { type FilePath, fileUri } from './file-path.ts'
import { FileReader } from './file-reader.ts'
import { blocksUnsupported, maxWholeBytes, writtenBytes } from './file-blocks.ts'
import { fileSink, fileSource } from './file-streams.ts'
import { FileWriter } from './file-writer.ts'
import type { LocalPath, Transferred, TransferOptions } from './transfer/transfer-options.ts'
import { type Transfer, transferDirectory, transferFile } from './transfer/transfers.ts'
import { TreeWatch, type WatchCalls } from './tree-watch.ts'
import { walkDefaults } from './walk-limits.ts'

/** Contents up to here go in one message. */
const wholeBytes = 1024 * 1024

export interface FileOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined
}

export interface FileReadOptions extends FileOptions {
  /** A larger file fails with `limitReached`. Default: no bound. */
  readonly maxBytes?: number
}

export interface DirectoryEntry {
  readonly name: string
  /** Of what a link leads to. */
  readonly isDirectory: boolean
  readonly isFile: boolean
}

/** Bounds of a walk. */
export interface WalkLimits extends FileOptions, Partial<WalkOptions> {}

export interface Removal extends FileOptions {
  /** Whether a directory goes with what is in it. Default false. */
  readonly recursive?: boolean
  /** Whether what is not there counts as removed. Default false. */
  readonly force?: boolean
}

/** What the server announces, asked for when it matters. */
export interface FileFacilities {
  canWriteBlocks(): Promise<boolean>
  extensions(): Promise<readonly string[]>
}

/**
 * Files at the server. What only looks is asked again when the connection breaks; what changes something fails with
 * `disconnected` then. What is not there is `notFound`.
 */
export class Files {
  readonly #calls: WatchCalls
  readonly #facilities: FileFacilities

  constructor(calls: WatchCalls, facilities: FileFacilities) {
    this.#calls = calls
    this.#facilities = facilities
  }

  /** The whole file, of any size the caller allows. */
  async read(path: FilePath, options: FileReadOptions = {}): Promise<Buffer> {
    const { maxBytes = Infinity, signal } = options
    const metadata = await this.stat(path, options)
    refuseMoreThan(maxBytes, metadata.size)
    const uri = fileUri(path)
    if (metadata.size <= wholeBytes) {
      const { dataBase64 } = await this.#calls.call('fs/readFile', { path: uri }, { repeats: true, signal })
      const bytes = Buffer.from(dataBase64, 'base64')
      refuseMoreThan(maxBytes, bytes.length)
      return bytes
    }
    using reader = await FileReader.open({ calls: this.#calls, path: uri, metadata, signal })
    const blocks: Buffer[] = []
    let total = 0
    for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
      total += block.length
      refuseMoreThan(maxBytes, total)
      blocks.push(block)
    }
    return Buffer.concat(blocks)
  }

  /** The whole file as UTF-8; what is none shows as U+FFFD. */
  async readText(path: FilePath, options?: FileReadOptions): Promise<string> {
    return (await this.read(path, options)).toString()
  }

  /**
   * The file block by block, as fast as it is read. It survives connections that break as long as size and times stay
   * the same, and fails with `disconnected` when they do not.
   */
  readStream(path: FilePath, { signal }: FileOptions = {}): ReadableStream<Uint8Array> {
    const open = async (own: AbortSignal) => {
      const metadata = await this.stat(path, { signal: own })
      return FileReader.open({ calls: this.#calls, path: fileUri(path), metadata, signal: own })
    }
    return fileSource(open, signal)
  }

  /** Replaces the contents, or creates the file. One that fails in the middle leaves a part. */
  async write(path: FilePath, data: string | Uint8Array, { signal }: FileOptions = {}): Promise<void> {
    const uri = fileUri(path)
    const bytes = writtenBytes(data)
    if (bytes.length <= wholeBytes || !(await orAborted(this.#facilities.canWriteBlocks(), signal))) {
      if (bytes.length > maxWholeBytes) throw blocksUnsupported()
      const dataBase64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
      await this.#calls.call('fs/writeFile', { path: uri, dataBase64 }, { signal })
      return
    }
    using writer = await FileWriter.open(this.#calls, uri, signal ?? new AbortController().signal)
    await writer.write(bytes)
    await writer.end()
  }

  /**
   * Replaces the contents by what is written, or creates the file, at once. Fails with `disconnected` when the connection breaks,
   * and with `unsupported` at a server that does not announce `fileWriteStreaming`.
   */
  writeStream(path: FilePath, { signal }: FileOptions = {}): WritableStream<Uint8Array | string> {
    const open = async (own: AbortSignal) => {
      if (!(await orAborted(this.#facilities.canWriteBlocks(), own))) throw blocksUnsupported()
      return FileWriter.open(this.#calls, fileUri(path), own)
    }
    return fileSink(open, signal)
  }

  /** What is in a directory, in no order. */
  async list(path: FilePath, { signal }: FileOptions = {}): Promise<DirectoryEntry[]> {
    const { entries } = await this.#calls.call('fs/readDirectory', { path: fileUri(path) }, { repeats: true, signal })
    return entries.map(({ fileName, isDirectory, isFile }) => ({ name: fileName, isDirectory, isFile }))
  }

  /** The tree below a directory, as far as the bounds allow; paths are `file:` URLs, which every name has. */
  walk(path: FilePath, { signal, ...limits }: WalkLimits = {}): Promise<WalkedTree> {
    const params = { path: fileUri(path), options: { ...walkDefaults, ...limits } }
    return this.#calls.call('fs/walk', params, { repeats: true, signal })
  }

  /**
   * Watches a directory and everything below, no link followed; resolves when every change from then on is told. Paths are `file:`
   * URLs; with `overflow`, which also follows an outage, look at everything again. An abort makes the loop throw its reason.
   * @throws GatewayError `unsupported` at a server that does not announce `treeWatches`
   */
  async watch(path: FilePath, { signal }: FileOptions = {}): Promise<TreeWatch> {
    const uri = fileUri(path)
    requireExtension(await orAborted(this.#facilities.extensions(), signal), 'treeWatches', 'watch directories')
    return TreeWatch.open(this.#calls, uri, signal)
  }

  /** Kind, size in bytes and times of what the path leads to. */
  async stat(path: FilePath, { signal }: FileOptions = {}): Promise<Metadata> {
    return this.#calls.call('fs/getMetadata', { path: fileUri(path) }, { repeats: true, signal })
  }

  async exists(path: FilePath, options?: FileOptions): Promise<boolean> {
    try {
      await this.stat(path, options)
      return true
    } catch (error) {
      if (error instanceof GatewayError && error.kind === 'notFound') return false
      throw error
    }
  }

  /** Copies at the server, a directory with what is in it. */
  async copy(source: FilePath, destination: FilePath, { signal }: FileOptions = {}): Promise<void> {
    const params = { sourcePath: fileUri(source), destinationPath: fileUri(destination), recursive: true }
    await this.#calls.call('fs/copy', params, { signal })
  }

  /**
   * Copies at the server and then removes the source, as the protocol has no word for moving: what fails in between leaves both.
   * Sockets and the like within a directory are lost. Nothing is moved onto itself or over a directory that it is in.
   */
  async move(source: FilePath, destination: FilePath, options: FileOptions = {}): Promise<void> {
    const [from, to] = await Promise.all([source, destination].map(path => this.#canonical(path, options)))
    if (from !== undefined && from === to) {
      throw new GatewayError('refused', `${String(source)} and ${String(destination)} are the same`)
    }
    // What it has of the name of one of the directories on the way would be removed with it.
    if (to !== undefined && from?.startsWith(`${to.replace(/\/$/, '')}/`) === true) {
      throw new GatewayError('refused', `${String(source)} is in ${String(destination)}, and cannot be moved over it`)
    }
    await this.copy(source, destination, options)
    await this.remove(source, { recursive: true, ...options })
  }

  async remove(path: FilePath, { recursive = false, force = false, signal }: Removal = {}): Promise<void> {
    await this.#calls.call('fs/remove', { path: fileUri(path), recursive, force }, { signal })
  }

  /** Creates a directory and those on the way to it; one that exists is fine. */
  async makeDirectory(path: FilePath, { signal }: FileOptions = {}): Promise<void> {
    await this.#calls.call('fs/createDirectory', { path: fileUri(path), recursive: true }, { signal })
  }

  /**
   * Copies a file of this machine to the server, through outages. A large one is written beside its target and put in its place
   * when it is whole.
   */
  async uploadFile(source: LocalPath, path: FilePath, options: TransferOptions = {}): Promise<Transferred> {
    return transferFile(await this.#transfer('up', source, path, options))
  }

  /** Copies a file of the server to this machine, through outages. A large one is renamed to its target when it is whole. */
  async downloadFile(path: FilePath, target: LocalPath, options: TransferOptions = {}): Promise<Transferred> {
    return transferFile(await this.#transfer('down', target, path, options))
  }

  /**
   * Copies what is in a directory of this machine into one at the server, which is created if need be. Links and special files
   * are left out, and permissions are those of new files: the protocol has no words for them.
   */
  async uploadDirectory(source: LocalPath, path: FilePath, options: TransferOptions = {}): Promise<Transferred> {
    return transferDirectory(await this.#transfer('up', source, path, options))
  }

  /** Copies what is in a directory of the server into one of this machine, as `uploadDirectory` does the other way. */
  async downloadDirectory(path: FilePath, target: LocalPath, options: TransferOptions = {}): Promise<Transferred> {
    return transferDirectory(await this.#transfer('down', target, path, options))
  }

  /** The path without links; undefined when nothing is there. */
  async #canonical(path: FilePath, { signal }: FileOptions): Promise<string | undefined> {
    try {
      return (await this.#calls.call('fs/canonicalize', { path: fileUri(path) }, { repeats: true, signal })).path
    } catch (error) {
      if (error instanceof GatewayError && error.kind === 'notFound') return undefined
      throw error
    }
  }

  async #transfer(
    direction: Transfer['direction'],
    local: LocalPath,
    path: FilePath,
    options: TransferOptions,
  ): Promise<Transfer> {
    const remote = fileUri(path)
    const canWriteBlocks = await orAborted(this.#facilities.canWriteBlocks(), options.signal)
    return { calls: this.#calls, canWriteBlocks, direction, local, remote, options }
  }
}

function refuseMoreThan(maxBytes: number, size: number): void {
  if (size <= maxBytes) return
  throw GatewayError.limit('maxBytes', maxBytes, `the file has more than maxBytes, ${maxBytes} bytes`)
}
