import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/**
 * Standard output for bulk writes. Node writes to pipes synchronously there, so a reader that stops would stop the whole
 * program; a pipe or socket is opened as a stream that queues instead.
 */
export function openStandardOutput(): Writable {
  const status = fstatSync(1)
  if (!status.isFIFO() && !status.isSocket()) return process.stdout
  return new Socket({ fd: 1, readable: false, writable: true })
}

/** Prints one line for whoever started the program. Its reader may be gone by then or later. */
export function announce(line: string): void {
  process.stdout.on('error', () => {})
  process.stdout.write(`${line}\n`)
}
