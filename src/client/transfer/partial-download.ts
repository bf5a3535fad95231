import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle as LocalFile, lstat, open, realpath, rename, rm } from 'node:fs/promises'
import type { Metadata } from '../../protocol/filesystem-schemas.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { blockBytes } from '../file-handle.ts'
import { FileReader } from '../file-reader.ts'
import { remoteIdentity } from './identity.ts'
import { readAt, writeAt } from './local-file.ts'
import type { FileCount } from './transfer-count.ts'
import { nativePath } from './tree-listing.ts'
import { partialName, type TransferRun } from './transfer-run.ts'

export interface DownloadedFile {
  /** A `file:` URL. */
  readonly source: string
  readonly target: Buffer
  /** Under which the journal knows the target. */
  readonly name: string
  readonly metadata: Metadata
  /** Of the source. */
  readonly identity: string
  /** What is at the target. */
  readonly existing: BigIntStats | undefined
  readonly count: FileCount
}

/** A large file on its way here: written beside its target, and renamed when it is whole. */
export class PartialDownload implements AsyncDisposable {
  readonly #run: TransferRun
  readonly #download: DownloadedFile
  /** Where the target leads to, and the file beside it. */
  readonly #target: Buffer
  readonly #path: Buffer
  readonly #file: LocalFile
  /** What an earlier run has left. */
  readonly #keptBytes: number
  #isInPlace = false

  private constructor(
    run: TransferRun,
    download: DownloadedFile,
    part: { readonly target: Buffer; readonly path: Buffer; readonly file: LocalFile; readonly keptBytes: number },
  ) {
    this.#run = run
    this.#download = download
    this.#target = part.target
    this.#path = part.path
    this.#file = part.file
    this.#keptBytes = part.keptBytes
  }

  /**
   * Takes up what an earlier run has left, or begins.
   * @returns undefined where no file may be created that can stand for the one that it would replace
   */
  static async open(run: TransferRun, download: DownloadedFile): Promise<PartialDownload | undefined> {
    const { journal } = run
    const { name, identity, metadata, existing } = download
    const target = existing === undefined ? download.target : await realpath(download.target, 'buffer')
    // Renaming would put the file in the place of the link.
    if (existing === undefined ? await isLink(target) : !(await mayBeWritten(target))) return undefined
    for (const outdated of journal?.outdatedOf(name, identity) ?? []) await rm(localPath(outdated), { force: true })
    for (const uri of journal?.partialsOf(name, identity) ?? []) {
      const path = localPath(uri)
      await using opening = new AsyncDisposableStack()
      const file = opening.use(await open(path, 'r+').catch(() => undefined))
      if (file === undefined) continue
      const { size } = await file.stat()
      // The run that began it may have been cut before it did this.
      if (size <= metadata.size && (await takeAfter(file, existing))) {
        opening.move()
        return new PartialDownload(run, download, { target, path, file, keptBytes: size })
      }
      await rm(path, { force: true })
    }
    const folder = target.subarray(0, target.lastIndexOf('/') + 1)
    const path = Buffer.concat([folder, Buffer.from(partialName(randomUUID()))])
    await journal?.announce(name, identity, PathUri.fromNative(path).canonical)
    try {
      await using opening = new AsyncDisposableStack()
      // Whoever could not read the target must not read this, not for a moment.
      const file = opening.use(await open(path, 'wx+', existing === undefined ? 0o666 : modeOf(existing) & 0o600))
      opening.defer(() => rm(path, { force: true }))
      if (!(await takeAfter(file, existing))) return undefined
      opening.move()
      return new PartialDownload(run, download, { target, path, file, keptBytes: 0 })
    } catch (error) {
      if (['EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '') && existing !== undefined)
        return undefined
      throw error
    }
  }

  /** Reads from the last block on that is there: if it is another one at the server, from the beginning. */
  async receive(): Promise<void> {
    const { count } = this.#download
    count.keep(this.#keptBytes)
    if (!(await this.#receiveFrom(Math.max(0, this.#keptBytes - blockBytes), this.#keptBytes))) {
      count.reach(0)
      await this.#receiveFrom(0, 0)
    }
    if (this.#keptBytes > 0) await this.#refuseChanged()
    await rename(this.#path, this.#target)
    this.#isInPlace = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    // Without a journal nobody will know of it.
    if (!this.#isInPlace && this.#run.journal === undefined) await rm(this.#path, { force: true })
  }

  /** @returns false when what is here up to `known` is not what is there */
  async #receiveFrom(start: number, known: number): Promise<boolean> {
    const { calls, signal } = this.#run
    const { source: path, metadata, count } = this.#download
    using reader = await FileReader.open({ calls, path, metadata, signal, from: start })
    let offset = start
    for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
      const overlap = Math.max(0, Math.min(block.length, known - offset))
      const here = await readAt(this.#file, Buffer.allocUnsafe(overlap), offset)
      if (!here.equals(block.subarray(0, overlap))) return false
      await writeAt(this.#file, block.subarray(overlap), offset + overlap)
      offset += block.length
      if (offset > known) count.reach(offset)
    }
    if (offset < known) return false
    await this.#file.truncate(offset)
    return true
  }

  /** A part of an earlier run does not go with the rest of another file. */
  async #refuseChanged(): Promise<void> {
    const { calls, signal } = this.#run
    const { source: path, identity } = this.#download
    const metadata = await calls.call('fs/getMetadata', { path }, { repeats: true, signal })
    if (remoteIdentity(metadata) === identity) return
    throw new GatewayError('refused', `${path} has changed while it was copied: copy it again`)
  }
}

async function isLink(path: Buffer): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isSymbolicLink() === true
}

/** Renaming asks no file for its permission. A program that runs may be replaced, though not written to. */
async function mayBeWritten(path: Buffer): Promise<boolean> {
  try {
    await using _file = await open(path, 'r+')
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ETXTBSY'
  }
}

/** Gives a part the owner and the permissions of what it will replace. @returns false where it cannot have the owner */
async function takeAfter(part: LocalFile, existing: BigIntStats | undefined): Promise<boolean> {
  if (existing === undefined) return true
  const own = await part.stat({ bigint: true })
  const isOwned = own.uid === existing.uid && own.gid === existing.gid
  if (!isOwned && !(await belongsTo(part, existing))) return false
  // Giving a file away takes set-user-ID from it.
  if (!isOwned || modeOf(own) !== modeOf(existing)) await part.chmod(modeOf(existing))
  return true
}

async function belongsTo(part: LocalFile, { uid, gid }: BigIntStats): Promise<boolean> {
  try {
    await part.chown(Number(uid), Number(gid))
    return true
  } catch {
    return false
  }
}

function modeOf({ mode }: BigIntStats): number {
  return Number(mode) & 0o7777
}

function localPath(uri: string): Buffer {
  const parsed = PathUri.parse(uri)
  if (parsed instanceof PathUri) return nativePath(parsed)
  throw new GatewayError('invalidParams', parsed.problem)
}
