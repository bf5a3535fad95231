import { randomUUID } from 'node:crypto'
import type { FileHandle as LocalFile } from 'node:fs/promises'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { isTransportLoss, protocolViolation } from '../call-errors.ts'
import { orAborted } from '../deadline.ts'
import { blockBytes, FileHandle } from '../file-handle.ts'
import { identityOf } from './identity.ts'
import { readAt } from './local-file.ts'
import { isDenied, metadataIfAny, partialBeside, removeQuietly, type RemotePlace } from './remote-place.ts'
import type { FileCount } from './transfer-count.ts'
import type { TransferRun } from './transfer-run.ts'

export interface UploadedFile {
  readonly source: Buffer
  readonly file: LocalFile
  readonly size: number
  /** Of the source when it was opened. */
  readonly identity: string
  /** Under which the journal knows the target. */
  readonly target: string
  readonly place: RemotePlace
  readonly count: FileCount
}

/** The identity of what may hold anything. */
const noSource = ''

/** A file of the server that begins as the source does. */
interface Part {
  readonly uri: string
  bytes: number
}

/**
 * A large file on its way to the server. It is written beside its target and copied over it when it is whole, at the server. The
 * protocol opens no file to be written on, but a copy keeps the file it is made over: a part is taken up by emptying another
 * file, copying the part over it, and writing on through the handle. No file is ever emptied that has something of use.
 */
export class PartialUpload {
  readonly #run: TransferRun
  readonly #upload: UploadedFile
  /** Everything beside the target that was written for it. */
  readonly #parts = new Set<string>()
  readonly #block = Buffer.allocUnsafe(blockBytes)
  #part: Part | undefined

  constructor(run: TransferRun, upload: UploadedFile) {
    this.#run = run
    this.#upload = upload
    const { journal } = run
    for (const uri of journal?.partialsOf(upload.target, upload.identity) ?? []) this.#parts.add(uri)
    for (const uri of journal?.outdatedOf(upload.target, upload.identity) ?? []) this.#parts.add(uri)
  }

  /** Sends the file and puts it in its place. @returns false where no file may be written beside the target */
  async send(): Promise<boolean> {
    try {
      this.#part = await this.#findPart()
      let reached = this.#part?.bytes ?? 0
      this.#upload.count.keep(reached)
      const hasAdvanced = () => {
        const before = reached
        reached = this.#part?.bytes ?? 0
        return reached > before
      }
      const { calls, signal } = this.#run
      await calls.repeated(() => this.#complete(), signal, hasAdvanced)
      return true
    } catch (error) {
      if (this.#part === undefined && isDenied(error)) {
        // What could be created but not written would stay: the journal forgets it once the file is in place.
        await orAborted(removeQuietly(this.#run.calls, this.#parts), this.#run.signal)
        return false
      }
      // Without a journal nobody will know of them.
      if (this.#run.journal === undefined) void removeQuietly(this.#run.calls, this.#parts)
      throw error
    }
  }

  /** The longest part an earlier run left. */
  async #findPart(): Promise<Part | undefined> {
    const { calls, journal, signal } = this.#run
    const { target, identity, size } = this.#upload
    let longest: Part | undefined
    for (const uri of journal?.partialsOf(target, identity) ?? []) {
      const found = await metadataIfAny(calls, uri, signal)
      if (found?.isFile !== true || found.size > size || found.size <= (longest?.bytes ?? 0)) continue
      longest = { uri, bytes: found.size }
    }
    if (longest !== undefined && (await this.#endsAsSource(longest))) return longest
    return undefined
  }

  /** Whether the last block of a part is what the source has there. */
  async #endsAsSource({ uri, bytes }: Part): Promise<boolean> {
    const { calls, signal } = this.#run
    const start = Math.max(0, bytes - blockBytes)
    using handle = await FileHandle.open(calls, uri, 'read', signal)
    const there = await handle.read(start, signal)
    const here = await readAt(this.#upload.file, this.#block.subarray(0, bytes - start), start)
    return there.bytes.equals(here)
  }

  /** A beginning that is there may be that of another file by now. */
  async #complete(): Promise<void> {
    const isResumed = this.#part !== undefined
    try {
      await this.#writeRest()
      if (isResumed) await this.#refuseChanged()
      await this.#putInPlace()
    } catch (error) {
      this.#run.signal.throwIfAborted()
      throw error
    }
  }

  async #writeRest(): Promise<void> {
    const { calls, signal } = this.#run
    if (this.#part?.bytes === this.#upload.size) return
    const part = await this.#nextPart()
    using handle = await FileHandle.open(calls, part.uri, 'replace', signal)
    // Only now is it sure to hold nothing else.
    await this.#run.journal?.announce(this.#upload.target, this.#upload.identity, part.uri)
    try {
      if (this.#part !== undefined) await this.#copyInto(part, this.#part)
      this.#part = part
      for (;;) {
        const block = await readAt(this.#upload.file, this.#block, part.bytes)
        if (block.length === 0) break
        await handle.write(part.bytes, block, signal)
        part.bytes += block.length
        this.#upload.count.reach(part.bytes)
      }
    } catch (error) {
      throw handle.isLostBy(error) && !isTransportLoss(error) ? lost(error) : error
    }
    await this.#checkSize(part)
  }

  /** A new file, with the permissions of the one that it will be copied over. */
  async #nextPart(): Promise<Part> {
    const { calls, journal, signal } = this.#run
    const { place, target } = this.#upload
    const uri = partialBeside(place.uri, randomUUID())
    await journal?.announce(target, noSource, uri)
    this.#parts.add(uri)
    if (place.metadata !== undefined && this.#part === undefined) {
      const params = { sourcePath: place.uri, destinationPath: uri, recursive: false }
      // Not repeated: the first might go on for a while and write into what the second has begun.
      await calls.call('fs/copy', params, { signal })
    }
    return { uri, bytes: 0 }
  }

  async #copyInto(part: Part, former: Part): Promise<void> {
    const { calls, signal } = this.#run
    await calls.call('fs/copy', { sourcePath: former.uri, destinationPath: part.uri, recursive: false }, { signal })
    // More than was confirmed may have arrived.
    part.bytes = (await calls.call('fs/getMetadata', { path: part.uri }, { signal })).size
    if (part.bytes < former.bytes) throw protocolViolation(`the copy of ${former.uri} is shorter than it`)
    this.#upload.count.reach(part.bytes)
    void removeQuietly(calls, [former.uri])
  }

  /** A server that does not copy over the file itself, but puts another in its place, would have lost what followed. */
  async #checkSize({ uri, bytes }: Part): Promise<void> {
    const { calls, signal } = this.#run
    const { size } = await calls.call('fs/getMetadata', { path: uri }, { repeats: true, signal })
    if (size !== bytes) throw protocolViolation(`${uri} has ${size} bytes after ${bytes} were written`)
  }

  /** A beginning that was read earlier does not go with the rest of another file. */
  async #refuseChanged(): Promise<void> {
    const { source, file, identity } = this.#upload
    if ((await identityOf(file)) === identity) return
    throw new GatewayError('refused', `${source.toString()} has changed while it was copied: copy it again`)
  }

  /** Copying again does no harm. */
  async #putInPlace(): Promise<void> {
    const { calls, signal } = this.#run
    const part = this.#part
    if (part === undefined) throw new GatewayError('internal', 'nothing was written')
    const { uri } = this.#upload.place
    const params = { sourcePath: part.uri, destinationPath: uri, recursive: false }
    await calls.call('fs/copy', params, { repeats: true, signal })
    await this.#checkSize({ uri, bytes: part.bytes })
    await removeQuietly(calls, this.#parts)
  }
}

function lost(cause: unknown): GatewayError {
  return new GatewayError('disconnected', 'the connection of the file is over', { cause })
}
