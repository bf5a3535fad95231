import { GatewayError } from '../../protocol/gateway-error.ts'
import { maxIdBytes } from '../../protocol/limits.ts'
import type { Params } from '../../protocol/method-table.ts'

/** What the request for one process may weigh. */
export interface StartLimits {
  /** All of argv, each argument with the NUL that ends it. */
  readonly maxArgumentBytes: number
  /** All variables of the new process, each with its `=` and the NUL that ends it. */
  readonly maxEnvironmentBytes: number
}

export const maxNamePatterns = 1000
export const maxNameComparisons = 50_000_000

/** Ids are kept for as long as what they stand for. */
export function refuseLongId(field: 'processId' | 'writeId', id: string): void {
  const bytes = Buffer.byteLength(id)
  if (bytes <= maxIdBytes) return
  throw GatewayError.limit('maxIdBytes', maxIdBytes, `${field} has ${bytes} bytes; at most ${maxIdBytes} are allowed`)
}

/** Every pattern is compared with every variable while all other requests wait. */
export function refuseManyPatterns({ envPolicy }: Params<'process/start'>): void {
  const count = (envPolicy?.exclude.length ?? 0) + (envPolicy?.includeOnly.length ?? 0)
  if (count <= maxNamePatterns) return
  const text = `envPolicy has ${count} patterns; at most ${maxNamePatterns} are allowed`
  throw GatewayError.limit('maxNamePatterns', maxNamePatterns, text)
}

/**
 * Comparing takes as much time as characters of patterns times characters of names, while all other requests wait.
 * @param inherited names that the policy is applied to besides those it sets
 */
export function refuseManyComparisons({ envPolicy }: Params<'process/start'>, inherited: Iterable<string>): void {
  if (!envPolicy) return
  const patterns = lengthOf(envPolicy.exclude) + lengthOf(envPolicy.includeOnly)
  const comparisons = patterns * (lengthOf(Object.keys(envPolicy.set)) + lengthOf(inherited))
  if (comparisons <= maxNameComparisons) return
  const text =
    `envPolicy has ${patterns} characters of patterns, times those of the names ${comparisons} comparisons; ` +
    `at most ${maxNameComparisons} are allowed`
  throw GatewayError.limit('maxNameComparisons', maxNameComparisons, text)
}

function lengthOf(texts: Iterable<string>): number {
  let length = 0
  for (const text of texts) length += text.length
  return length
}

export function refuseLongArguments({ argv, arg0 }: Params<'process/start'>, limit: number): void {
  let bytes = 0
  for (const argument of argv) bytes += Buffer.byteLength(argument) + 1
  bytes += Buffer.byteLength(arg0 ?? '')
  if (bytes <= limit) return
  const text = `argv and arg0 have ${bytes} bytes; at most ${limit} are allowed: hand the rest over on standard input or in a file`
  throw GatewayError.limit('maxArgumentBytes', limit, text)
}

/** What the request brings along is refused before anything is computed from it. */
export function refuseLargeOverlay({ env, envPolicy }: Params<'process/start'>, limit: number): void {
  refuseLargeEnvironment([...Object.entries(envPolicy?.set ?? {}), ...Object.entries(env)], limit)
}

export function refuseLargeEnvironment(variables: Iterable<readonly [string, string]>, limit: number): void {
  let bytes = 0
  for (const [name, value] of variables) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2
  if (bytes <= limit) return
  const text = `the environment has ${bytes} bytes; at most ${limit} are allowed`
  throw GatewayError.limit('maxEnvironmentBytes', limit, text)
}
