import { byteLengthOf, type OutgoingMessage, writeTo } from '../protocol/outgoing-message.ts'

const finalTextFrame = 0x81

/**
 * One WebSocket message of text as one buffer: an unmasked frame, as a server sends it. RFC 6455 section 5.2. Header and
 * payload in one write cost the operating system one piece instead of two, and text is encoded only once.
 */
export function textFrame(
  message: OutgoingMessage,
  allocate: (length: number) => Buffer = length => Buffer.allocUnsafe(length),
): Buffer {
  const length = byteLengthOf(message)
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = allocate(headerLength + length)
  frame[0] = finalTextFrame
  if (headerLength === 2) {
    frame[1] = length
  } else if (headerLength === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  writeTo(frame, headerLength, message)
  return frame
}
