import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** How long a terminal whose input nobody takes is left alone before it is tried again. */
const retryMs = 5

/**
 * Writes to the master of a terminal, which is not in blocking mode: Node's own terminal streams would block. The descriptor
 * stays with whoever opened it, and must not be closed before the stream is destroyed.
 */
export function openTerminalWriter(descriptor: number): Writable {
  let retry: NodeJS.Timeout | undefined
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const attempt = (bytes: Buffer) => {
        // Not in another thread: the descriptor might be closed, and somebody else's, by the time it writes.
        const outcome = writeNow(descriptor, bytes)
        if (outcome instanceof Error) done(outcome)
        else if (outcome === bytes.length) done()
        else retry = setTimeout(attempt, outcome === 0 ? retryMs : 0, bytes.subarray(outcome))
      }
      attempt(chunk)
    },
    destroy(error, done) {
      clearTimeout(retry)
      done(error)
    },
  })
}

/** How many bytes were taken, 0 when there is no room. */
function writeNow(descriptor: number, bytes: Buffer): number | Error {
  try {
    return writeSync(descriptor, bytes)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : (error as Error)
  }
}
