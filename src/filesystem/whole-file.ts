import type { FileHandle } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ReachedFiles } from './cached-files.ts'
import { systemError } from './errno.ts'
import { maxFileBytes, maxWholeFileBytes } from './filesystem-limits.ts'
import type { Place } from './place.ts'
import { openWithStats } from './regular-file.ts'
import type { Territory } from './territory.ts'

/** Read at a time where the size is not known: files of proc(5) say they are empty. */
const stepBytes = 64 * 1024

/** The contents of the file at a path of a client, at once if that is possible. They are alone in their memory, or small. */
export function readFile(files: ReachedFiles, path: Buffer, followSymlinks: boolean): Buffer | Promise<Buffer> {
  const contents = files.cached.contents(files.territory, path, followSymlinks)
  if (contents === 'missing') throw systemError('ENOENT')
  return Buffer.isBuffer(contents) ? contents : readBeyond(contents, files.territory, path, followSymlinks)
}

/** Waits for what one thread finds, and goes the long way where that is nothing. */
async function readBeyond(
  contents: Promise<Buffer | undefined> | undefined,
  territory: Territory,
  path: Buffer,
  followSymlinks: boolean,
): Promise<Buffer> {
  const found = await contents
  if (found !== undefined) return found
  await using place = await territory.place(path, { followSymlinks, end: 'target', changes: false })
  return await readWholeFile(place)
}

/**
 * Reads a file to its end, whatever its size was when it was opened.
 * @throws when it is no regular file, or larger than what one reply holds
 */
export async function readWholeFile(place: Place, maxBytes = maxWholeFileBytes): Promise<Buffer> {
  const { file, stats } = await openWithStats(place)
  await using _file = file
  const size = Number(stats.size)
  refuseLarge(size, maxBytes)
  const pieces: Buffer[] = []
  let length = 0
  // A short read is not the end; one that brings nothing is.
  for (;;) {
    const piece = await readPiece(file, Buffer.allocUnsafe(Math.max(size + 1 - length, stepBytes)), length)
    if (piece.length === 0) return joined(pieces)
    pieces.push(piece)
    length += piece.length
    refuseLarge(length, maxBytes)
    // One byte more was asked for than the file had, and all it had has come. Files without a size are read on.
    if (size > 0 && length === size) return joined(pieces)
  }
}

async function readPiece(file: FileHandle, into: Buffer, position: number): Promise<Buffer> {
  const { bytesRead } = await file.read(into, 0, into.length, position)
  return into.subarray(0, bytesRead)
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}

function refuseLarge(bytes: number, maxBytes: number): void {
  if (bytes > maxFileBytes) {
    throw new GatewayError('invalidRequest', `file is too large to read: limit is ${maxFileBytes} bytes`)
  }
  if (bytes <= maxBytes) return
  const text = `the file has more than the ${maxBytes} bytes that fit into one reply; read it in blocks with fs/open and fs/readBlock`
  throw GatewayError.limit('maxReplyBytes', maxBytes, text)
}
