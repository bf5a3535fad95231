import { write } from 'node:fs'
import { Writable } from 'node:stream'

/** How long a terminal whose input nobody takes is left alone before it is tried again. */
const retryMs = 5

/**
 * Writes to the master of a terminal without ever blocking: Node's own terminal streams do block. The descriptor stays
 * with whoever opened it, and is not closed before the stream is destroyed.
 */
export function openTerminalWriter(descriptor: number): Writable {
  let retry: NodeJS.Timeout | undefined
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const attempt = (bytes: Buffer) => {
        write(descriptor, bytes, (error, count) => {
          if (this.destroyed) return done()
          if (error?.code === 'EAGAIN') retry = setTimeout(attempt, retryMs, bytes)
          else if (error !== null || count === bytes.length) done(error)
          else attempt(bytes.subarray(count))
        })
      }
      attempt(chunk)
    },
    destroy(error, done) {
      clearTimeout(retry)
      done(error)
    },
  })
}
