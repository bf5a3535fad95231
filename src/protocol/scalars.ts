import { z } from 'zod'
import { decodeBase64 } from './base64.ts'
import { PathUri } from './path-uri.ts'

/** Largest unsigned 64-bit integer. */
const maxU64 = 2n ** 64n - 1n

/**
 * An unsigned 64-bit integer. The envelope decoder hands integers beyond 2^53 over as bigint and every number
 * written with a fraction or an exponent as its token, so that only true integers pass here. Values beyond 2^53
 * lose precision, which is harmless for the cursors, budgets and waits they are used for.
 */
export const u64 = z
  .preprocess(
    (value: number | bigint) => (typeof value === 'bigint' && value <= maxU64 ? Number(value) : value),
    z.number({ error: 'expected u64' }).nonnegative({ error: 'expected u64' }),
  )
  .meta({ type: 'integer' })

/** An unsigned 64-bit integer that keeps every digit, for offsets and ids that come back. */
export const exactU64 = z.preprocess(
  (value: number | bigint) => (Number.isInteger(value) ? BigInt(value) : value),
  z.bigint({ error: 'expected u64' }).nonnegative({ error: 'expected u64' }).max(maxU64, { error: 'expected u64' }),
)

/** An absolute `file:` URL naming a path on the executor's host, or on the host of another convention. */
export const pathUri = z
  .string()
  .transform((text, context): PathUri => {
    const parsed = PathUri.parse(text)
    if (parsed instanceof PathUri) return parsed
    context.addIssue({ code: 'custom', message: parsed.problem, input: text })
    return z.NEVER
  })
  .meta({ format: 'uri' })

/** Base64 that its method decodes itself. Long ones come decoded: the envelope has done it already. */
export const undecodedBase64 = z
  .custom<string>(value => typeof value === 'string' || Buffer.isBuffer(value), { error: 'expected a string' })
  .transform((value: string | Buffer) => value)
  .meta({ type: 'string' })

/** Bytes in canonical standard-alphabet base64 with padding. */
export const base64 = undecodedBase64
  .transform((value, context): Buffer => {
    const decoded = decodeBase64(value)
    if (typeof decoded !== 'string') return decoded
    context.addIssue({ code: 'custom', message: decoded, input: value })
    return z.NEVER
  })
  .meta({ type: 'string', contentEncoding: 'base64' })
