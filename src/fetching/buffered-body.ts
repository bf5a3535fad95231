import { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { maxReplyBytes } from '../protocol/limits.ts'

/** Largest body of a reply: what base64 leaves of the largest reply, with half a megabyte for the headers. */
export const maxBufferedBodyBytes = Math.floor((maxReplyBytes - 512 * 1024) / 4) * 3

/** Memory that all bodies together may take while they are collected for their replies. */
export const maxBufferedBytes = 256 * 1024 * 1024

/** Holds the bodies of requests until the response begins. */
export function sentBodies(limitBytes: number): ByteAllowance {
  return new ByteAllowance(limitBytes, heldBytes => {
    const text = `bodies of ${heldBytes} bytes are being sent; at most ${limitBytes} bytes may be: try again later`
    return GatewayError.limit('maxSentBodyBytes', limitBytes, text)
  })
}

/** Collects bodies for replies, within bounds. */
export class BodyBuffers {
  readonly #limits: { readonly maxBufferedBodyBytes: number; readonly maxBufferedBytes: number }
  #takenBytes = 0

  constructor(limits = { maxBufferedBodyBytes, maxBufferedBytes }) {
    this.#limits = limits
  }

  /**
   * The whole body.
   * @throws GatewayError when it does not fit
   */
  async collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of body) {
        length += chunk.length
        this.#takenBytes += chunk.length
        this.#refuseTooMuch(length)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks, length)
    } finally {
      this.#takenBytes -= length
    }
  }

  #refuseTooMuch(length: number): void {
    const { maxBufferedBodyBytes: ofOne, maxBufferedBytes: ofAll } = this.#limits
    if (length > ofOne) throw tooMuch('maxBufferedBodyBytes', ofOne, `it has more than ${ofOne} bytes`)
    if (this.#takenBytes > ofAll) {
      throw tooMuch('maxBufferedBytes', ofAll, `all bodies together have more than ${ofAll} bytes`)
    }
  }
}

function tooMuch(name: 'maxBufferedBodyBytes' | 'maxBufferedBytes', value: number, what: string): GatewayError {
  const message = `failed to read http/request response body: ${what}; set streamResponse to get it in pieces`
  return GatewayError.limit(name, value, message)
}
