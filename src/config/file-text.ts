import { closeSync, openSync, readSync } from 'node:fs'

/** More than any configuration takes; a device without end is given up there. */
const maxFileBytes = 1024 * 1024

/**
 * The text of a configuration file, or of a pipe.
 * @throws Error when it cannot be read, is longer than 1 MiB or is not UTF-8
 */
export function readFileText(path: string): string {
  const bytes = Buffer.alloc(maxFileBytes + 1)
  const length = readInto(bytes, path)
  if (length > maxFileBytes) throw new Error(`it is longer than ${maxFileBytes} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length))
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}

/** Reads until the end or until the bytes are full. */
function readInto(bytes: Buffer, path: string): number {
  const descriptor = openSync(path, 'r')
  try {
    let length = 0
    while (length < bytes.length) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      if (count === 0) break
      length += count
    }
    return length
  } finally {
    closeSync(descriptor)
  }
}
