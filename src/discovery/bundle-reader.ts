import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { CapabilityFile } from '../protocol/discovery-schemas.ts'
import type { CapabilityPath } from './capability-path.ts'
import { failureText } from './failure-text.ts'

/** Of one file, and of all files of one root. */
export const maxFileBytes = 1024 * 1024
export const maxBundleBytes = 16 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the small text files of one root within a budget. What cannot be read is a warning, what is not there is nothing. */
export class BundleReader {
  readonly warnings: string[] = []
  readonly #taken: (bytes: number) => void
  #remainingBytes = maxBundleBytes

  /** @param taken told of every file that is read; may throw when that is too much altogether */
  constructor(taken: (bytes: number) => void) {
    this.#taken = taken
  }

  async read(path: CapabilityPath): Promise<CapabilityFile | undefined> {
    const size = await this.#sizeOf(path)
    if (size === undefined || !this.#fits(path, size)) return undefined
    const bytes = await this.#bytesOf(path)
    if (bytes === undefined) return undefined
    const contents = this.#decode(path, bytes)
    if (contents === undefined) return undefined
    this.#remainingBytes -= bytes.length
    this.#taken(bytes.length)
    return { path: path.uri, contents }
  }

  /** The first of several files that can be read. */
  async readFirst(paths: readonly CapabilityPath[]): Promise<CapabilityFile | undefined> {
    for (const path of paths) {
      const file = await this.read(path)
      if (file !== undefined) return file
    }
    return undefined
  }

  async #sizeOf(path: CapabilityPath): Promise<number | undefined> {
    try {
      const stats = await stat(path.native)
      return stats.isFile() ? stats.size : undefined
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return undefined
      return this.#warn(`failed to inspect capability file ${path.uri}: ${failureText(error)}`)
    }
  }

  #fits(path: CapabilityPath, size: number): boolean {
    if (size > maxFileBytes) this.#warn(`capability file ${path.uri} exceeds the ${maxFileBytes}-byte limit`)
    else if (size <= this.#remainingBytes) return true
    else this.#warn(`capability root bundle exceeds the ${maxBundleBytes}-byte limit`)
    return false
  }

  async #bytesOf(path: CapabilityPath): Promise<Buffer | undefined> {
    const limit = Math.min(maxFileBytes, this.#remainingBytes)
    try {
      // What replaces the file in the meantime must not hold the reader up.
      await using file = await open(path.native, constants.O_RDONLY | constants.O_NONBLOCK)
      if (!(await file.stat()).isFile()) return undefined
      const bytes = await readUpTo(file, limit + 1)
      return bytes.length <= limit ? bytes : this.#warn(`capability file ${path.uri} exceeded its read limit`)
    } catch (error) {
      return this.#warn(`failed to read capability file ${path.uri}: ${failureText(error)}`)
    }
  }

  #decode({ uri }: CapabilityPath, bytes: Buffer): string | undefined {
    try {
      return utf8.decode(bytes)
    } catch {
      return this.#warn(`capability file ${uri} is not UTF-8: invalid utf-8 sequence`)
    }
  }

  #warn(text: string): undefined {
    this.warnings.push(text)
  }
}

async function readUpTo(file: FileHandle, limit: number): Promise<Buffer> {
  const { size } = await file.stat()
  const buffer = Buffer.alloc(Math.min(limit, size + 1))
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
    if (length === buffer.length) return buffer
  }
}
