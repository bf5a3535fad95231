import { closeSync, openSync, readSync } from 'node:fs'

/** More than any configuration takes; a device without end is given up there. */
const maxFileBytes = 1024 * 1024

/** More than any configuration takes, those in texts and comments included. */
const maxOpenBrackets = 200

/**
 * The text of a configuration file, or of a pipe.
 * @throws Error when it cannot be read, is longer than 1 MiB, is not UTF-8 or nests without measure
 */
export function readFileText(path: string): string {
  const bytes = Buffer.alloc(maxFileBytes + 1)
  const length = readInto(bytes, path)
  if (length > maxFileBytes) throw new Error(`it is longer than ${maxFileBytes} bytes`)
  const text = decoded(bytes.subarray(0, length))
  if (opensDeeply(text)) throw new Error(`it has more than ${maxOpenBrackets} brackets open at a time`)
  return text
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}

/** The parser goes one call deeper for each bracket, and the stack of the program has an end. */
function opensDeeply(text: string): boolean {
  let open = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(open - 1, 0)
    if (open > maxOpenBrackets) return true
  }
  return false
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
