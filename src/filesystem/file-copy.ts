import type { FileHandle } from 'node:fs/promises'
import { GatewayError } from '../protocol/gateway-error.ts'
import { shown } from './native-path.ts'
import type { Place } from './place.ts'
import { isSame } from './pinned-directory.ts'
import { openToWrite, openWithStats, writeAll } from './regular-file.ts'

/** Read and written at a time: others get their turn in between. */
const maxStepBytes = 1024 * 1024

/**
 * Copies contents and permissions of a regular file over whatever the destination leads to, or into a new file. A file that
 * is copied onto itself, by whatever name, is left as it is.
 */
export async function copyFile(source: Buffer, destination: Place, signal: AbortSignal): Promise<void> {
  const { file, stats: original } = await openWithStats({ path: source, asked: source, followsLinks: false })
  await using from = file
  const mode = Number(original.mode) & 0o7777
  signal.throwIfAborted()
  await using to = await openToWrite(destination, mode)
  const target = await to.stat({ bigint: true })
  if (isSame(original, target)) return
  if (target.isFIFO() || target.isSocket()) {
    throw new GatewayError('invalidRequest', `path \`${shown(destination.asked)}\` is not a file`)
  }
  if (target.isFile()) {
    // Before the contents, which may be for fewer eyes than the old ones.
    if ((Number(target.mode) & 0o7777) !== mode) await to.chmod(mode)
    if (target.size > 0n) await to.truncate()
  }
  // One byte more than expected finds the end at once.
  const stepBytes = Math.min(Number(original.size) + 1, maxStepBytes)
  await copyContents({ from, to, stepBytes, isPositional: target.isFile(), signal })
}

interface Contents {
  readonly from: FileHandle
  readonly to: FileHandle
  readonly stepBytes: number
  /** Whether it is written at positions, as files are and devices are not. */
  readonly isPositional: boolean
  readonly signal: AbortSignal
}

async function copyContents({ from, to, stepBytes, isPositional, signal }: Contents): Promise<void> {
  const step = Buffer.allocUnsafe(stepBytes)
  for (let position = 0; ;) {
    signal.throwIfAborted()
    const { bytesRead } = await from.read(step, 0, step.length, position)
    if (bytesRead === 0) return
    await writeAll(to, step.subarray(0, bytesRead), isPositional ? position : null)
    position += bytesRead
  }
}
