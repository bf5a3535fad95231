import { types } from 'node:util'
import { GatewayError } from '../protocol/gateway-error.ts'
import { orAborted } from './deadline.ts'

/** A request goes in one message: 64 MiB, of which base64 leaves three quarters. */
export const maxRequestBodyBytes = 32 * 1024 * 1024

export type RequestBody =
  | string
  | ArrayBuffer
  | NodeJS.ArrayBufferView<ArrayBuffer>
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>

/** A body as it is sent. */
export interface WrittenBody {
  readonly bytes: Buffer
  /** What its kind says of itself. */
  readonly contentType: string | null
}

/**
 * Reads a body of any kind to its end, but no more of it than can be sent; one that is too long or given up is cancelled.
 * @throws GatewayError `limitReached` or `invalidParams`, before anything is sent; what a stream fails with
 */
export async function readBody(body: RequestBody, signal: AbortSignal | undefined): Promise<WrittenBody> {
  // Knows how every kind of body is written and what type it has.
  const written = responseWith(body)
  const contentType = written.headers.get('content-type')
  const reader = written.body?.getReader()
  const blocks: Uint8Array[] = []
  let total = 0
  try {
    for (;;) {
      const read = await orAborted(reader?.read() ?? Promise.resolve(ended), signal)
      if (read.done) return { bytes: Buffer.concat(blocks), contentType }
      if (!types.isUint8Array(read.value)) throw noBody('its pieces are no bytes')
      total += read.value.length
      if (total > maxRequestBodyBytes) throw tooLong()
      blocks.push(read.value)
    }
  } catch (error) {
    void reader?.cancel(error).catch(() => {})
    throw error
  }
}

function responseWith(body: RequestBody): Response {
  try {
    return new Response(body)
  } catch (error) {
    throw noBody('somebody else reads it', { cause: error })
  }
}

function noBody(why: string, options?: ErrorOptions): GatewayError {
  return new GatewayError('invalidParams', `the body of the request cannot be sent: ${why}`, options)
}

const ended = { done: true, value: undefined } as const

function tooLong(): GatewayError {
  const message = `the body of the request has more than ${maxRequestBodyBytes} bytes, and requests are sent in one piece`
  return GatewayError.limit('maxRequestBodyBytes', maxRequestBodyBytes, message)
}
