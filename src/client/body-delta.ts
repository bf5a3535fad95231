import { z } from 'zod'
import { bodyDeltaBytes, HttpBodyDelta } from '../protocol/http-schemas.ts'
import { base64 } from '../protocol/scalars.ts'

/** The notification that carries a piece of a streamed response. */
export const bodyDeltaMethod = 'http/request/bodyDelta'

/** One piece of a streamed body, or its end. */
export interface BodyDelta {
  readonly requestId: string
  readonly seq: number
  readonly bytes: Buffer
  /** Nothing follows. */
  readonly isLast: boolean
  /** Why the body is not complete; `bytes` mean nothing then. */
  readonly problem: string | undefined
}

/** As base64 writes them. */
const bodyDeltaSymbols = Math.ceil(bodyDeltaBytes / 3) * 4

const Delta = HttpBodyDelta.extend({
  seq: z.int().nonnegative(),
  deltaBase64: z.string().max(bodyDeltaSymbols).pipe(base64),
})

/** @throws Error when the parameters cannot be decoded, or carry more than a server may send at once */
export function decodeBodyDelta(params: unknown): BodyDelta {
  const parsed = Delta.safeParse(params)
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const { requestId, seq, deltaBase64: bytes, done, error } = parsed.data
  if (bytes.length > bodyDeltaBytes) throw new Error(`body delta of ${bytes.length} bytes exceeds ${bodyDeltaBytes}`)
  return { requestId, seq, bytes, isLast: done || typeof error === 'string', problem: error ?? undefined }
}
