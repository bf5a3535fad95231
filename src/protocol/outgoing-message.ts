/** Base64 for every three bytes begun. RFC 4648 section 4 */
const base64Length = (bytes: number) => Math.ceil(bytes / 3) * 4

/** Encoded at a time, a multiple of three bytes: short texts come and go cheaper than long ones. */
const sliceBytes = 48 * 1024

/** A message around the base64 of one chunk. */
export interface ChunkMessage {
  readonly before: string
  readonly chunk: Buffer
  readonly after: string
}

/**
 * A message on its way out. Output of processes, the bulk of all traffic, stays in pieces, so that whoever writes it puts the
 * base64 right where it goes instead of building the text around it first.
 */
export type OutgoingMessage = string | ChunkMessage

/** Characters of the whole text. */
export function lengthOf(message: OutgoingMessage): number {
  if (typeof message === 'string') return message.length
  return message.before.length + base64Length(message.chunk.length) + message.after.length
}

export function textOf(message: OutgoingMessage): string {
  if (typeof message === 'string') return message
  return message.before + message.chunk.toString('base64') + message.after
}

/** UTF-8 bytes of the whole text. */
export function byteLengthOf(message: OutgoingMessage): number {
  if (typeof message === 'string') return Buffer.byteLength(message)
  return Buffer.byteLength(message.before) + base64Length(message.chunk.length) + Buffer.byteLength(message.after)
}

/** Writes the text as UTF-8 from `offset` on. */
export function writeTo(target: Buffer, offset: number, message: OutgoingMessage): void {
  if (typeof message === 'string') {
    // As many bytes as characters means ASCII, which needs no encoding.
    target.write(message, offset, target.length - offset === message.length ? 'latin1' : 'utf8')
    return
  }
  let position = offset + target.write(message.before, offset, 'utf8')
  for (let done = 0; done < message.chunk.length; done += sliceBytes) {
    position += target.write(message.chunk.toString('base64', done, done + sliceBytes), position, 'latin1')
  }
  target.write(message.after, position, 'utf8')
}
