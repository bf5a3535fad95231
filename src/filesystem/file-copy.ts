import type { FileHandle } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { shown } from './native-path.ts'
import type { Place } from './place.ts'
import { isSame } from './pinned-directory.ts'
import { openToWrite, openWithStats, writeAll } from './regular-file.ts'

/** Read and written at a time: others get their turn in between. */
const maxStepBytes = 1024 * 1024

/** Of a file, with what is more than permissions: set-uid and the like. */
const modeBits = 0o7777

/**
 * Copies contents and permissions of a regular file over whatever the destination leads to, or into a new file. A file that
 * is copied onto itself, by whatever name, is left as it is, and so is one that cannot be made as long as the source.
 */
export async function copyFile(source: Buffer, destination: Place, signal: AbortSignal): Promise<void> {
  const { file, stats: original } = await openWithStats({ path: source, asked: source, followsLinks: false })
  await using from = file
  const mode = Number(original.mode) & modeBits
  signal.throwIfAborted()
  await using to = await openToWrite(destination, mode)
  const target = await to.stat({ bigint: true })
  if (isSame(original, target)) return
  if (target.isFIFO() || target.isSocket()) {
    throw new GatewayError('invalidRequest', `path \`${shown(destination.asked)}\` is not a file`)
  }
  // One byte more than expected finds the end at once.
  const step = Buffer.allocUnsafe(Math.min(Number(original.size) + 1, maxStepBytes))
  const copy = { from, to, step, signal, position: 0 }
  if (target.isFile()) {
    await copyOver(copy, { size: Number(target.size), oldMode: Number(target.mode) & modeBits, mode })
  } else await copyUpTo(copy, Infinity, 'where it stands')
}

/** Contents on their way from a file into another. */
interface Copy {
  readonly from: FileHandle
  readonly to: FileHandle
  /** What is read and written at a time. */
  readonly step: Buffer
  readonly signal: AbortSignal
  /** Where it is. */
  position: number
}

interface Replaced {
  readonly size: number
  readonly oldMode: number
  readonly mode: number
}

/**
 * What makes the file longer comes first, as that is where a disk is found to be full: the old contents are all there still. Then
 * they are written over, and what is left of them is cut off.
 */
async function copyOver(copy: Copy, { size, oldMode, mode }: Replaced): Promise<void> {
  const { to } = copy
  // As long as both contents are there, it is for those alone who may read both.
  const narrow = mode & oldMode
  if (mode !== oldMode) await to.chmod(narrow)
  copy.position = size
  try {
    await copyUpTo(copy, Infinity)
  } catch (error) {
    if (size > 0) {
      await to.truncate(size)
      await to.chmod(oldMode)
    }
    throw error
  }
  copy.position = 0
  try {
    await copyUpTo(copy, size)
  } finally {
    if (copy.position < size) await to.truncate(copy.position)
  }
  if (mode !== narrow) await to.chmod(mode)
}

/** Files are written at positions, devices are not. */
async function copyUpTo(copy: Copy, end: number, how: 'at its position' | 'where it stands' = 'at its position') {
  const { from, to, step, signal } = copy
  while (copy.position < end) {
    signal.throwIfAborted()
    const { bytesRead } = await from.read(step, 0, Math.min(step.length, end - copy.position), copy.position)
    if (bytesRead === 0) return
    await writeAll(to, step.subarray(0, bytesRead), how === 'at its position' ? copy.position : null)
    copy.position += bytesRead
  }
}
