import { byteLengthOf, type OutgoingMessage, writeTo } from '../protocol/outgoing-message.ts'

const finalTextFrame = 0x81
const maskBit = 0x80
const maskBytes = 4
/** Instead of a length: it follows in 16 bits. */
const length16 = 126

/**
 * One WebSocket message of text as one buffer: an unmasked frame, as a server sends it. RFC 6455 section 5.2. Header and
 * payload in one write cost the operating system one piece instead of two, and text is encoded only once.
 */
export function textFrame(
  message: OutgoingMessage,
  allocate: (length: number) => Buffer = length => Buffer.allocUnsafe(length),
): Buffer {
  const length = byteLengthOf(message)
  const headerLength = length < length16 ? 2 : length < 65_536 ? 4 : 10
  const frame = allocate(headerLength + length)
  frame[0] = finalTextFrame
  if (headerLength === 2) {
    frame[1] = length
  } else if (headerLength === 4) {
    frame[1] = length16
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  writeTo(frame, headerLength, message)
  return frame
}

/**
 * Takes messages of text off the front of what a client has sent, as long as each is one frame, short, all there, and in ASCII, as nearly
 * all requests are. Whatever else comes is left as it is, errors included.
 * @param chunk begins where a message begins; unmasked in place
 * @param maxBytes longer messages are left
 * @returns how many bytes are taken
 */
export function takeTextFrames(chunk: Buffer, maxBytes: number, take: (text: string) => void): number {
  let taken = 0
  while (taken + 2 <= chunk.length && chunk[taken] === finalTextFrame) {
    const shortLength = (chunk[taken + 1] ?? 0) - maskBit
    if (shortLength < 0 || shortLength > length16) return taken
    const maskAt = taken + (shortLength === length16 ? 4 : 2)
    const start = maskAt + maskBytes
    if (start > chunk.length) return taken
    const length = shortLength === length16 ? chunk.readUInt16BE(taken + 2) : shortLength
    const end = start + length
    if (end > chunk.length || length > maxBytes) return taken
    if (!unmaskAscii(chunk, maskAt, end)) return taken
    taken = end
    take(chunk.toString('latin1', start, end))
  }
  return taken
}

/** @returns false where there is more than ASCII; then it is masked as before */
function unmaskAscii(chunk: Buffer, maskAt: number, end: number): boolean {
  if (unmask(chunk, maskAt, end) < 0x80) return true
  unmask(chunk, maskAt, end)
  return false
}

/** @returns the bits that any of the bytes has */
function unmask(chunk: Buffer, maskAt: number, end: number): number {
  const start = maskAt + maskBytes
  let bits = 0
  for (let at = start; at < end; at += 1) {
    const byte = (chunk[at] ?? 0) ^ (chunk[maskAt + ((at - start) & 3)] ?? 0)
    chunk[at] = byte
    bits |= byte
  }
  return bits
}
