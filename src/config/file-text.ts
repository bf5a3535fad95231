import { closeSync, openSync, readSync } from 'node:fs'
import { maxTomlBytes, tomlTextOf } from '../protocol/toml-bounds.ts'

/**
 * The text of a configuration file, or of a pipe.
 * @throws Error when it cannot be read, is longer than 1 MiB, is not UTF-8 or nests without measure
 */
export function readFileText(path: string): string {
  const bytes = Buffer.alloc(maxTomlBytes + 1)
  return tomlTextOf(bytes.subarray(0, readInto(bytes, path)))
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
