import { constants } from 'node:os'
import { type ErrorKind, GatewayError } from '../protocol/gateway-error.ts'
import { osErrorName, osErrorText } from '../protocol/os-error-text.ts'
import type { FileOption } from './filesystem-metrics.ts'

type ErrnoName = keyof typeof constants.errno

/** Everything that is not listed is an I/O failure: `refused`. */
const kinds: Readonly<Record<number, ErrorKind>> = {
  [constants.errno.ENOENT]: 'notFound',
  [constants.errno.EACCES]: 'invalidRequest',
  [constants.errno.EPERM]: 'invalidRequest',
  [constants.errno.EINVAL]: 'invalidRequest',
}

/** What the operating system would answer, for what this gateway finds out itself. */
export function systemError(name: ErrnoName): GatewayError {
  return failed(constants.errno[name])
}

/** What a read-only file system would answer, where an option of the operator makes it one. */
export function readOnly(option: FileOption): GatewayError {
  return new GatewayError('refused', osErrorText(constants.errno.EROFS), { data: { errno: 'EROFS', option } })
}

/** Whether the operating system answered with one of these. */
export function isErrno(thrown: unknown, ...names: readonly ErrnoName[]): boolean {
  const code = errnoOf(thrown)
  return code !== undefined && names.some(name => constants.errno[name] === code)
}

/** Turns a failed system call into an error of ours, in the words of the C library; anything else comes back as it is. */
export function translated(thrown: unknown): unknown {
  const code = errnoOf(thrown)
  if (code === undefined) return thrown
  return failed(code, thrown)
}

function failed(errno: number, cause?: unknown): GatewayError {
  const name = osErrorName(errno)
  const data = name === undefined ? {} : { data: { errno: name } }
  return GatewayError.withoutStack(kinds[errno] ?? 'refused', osErrorText(errno), { ...data, cause })
}

/** Node negates the numbers of the operating system. libuv reports some of its own below -3000. */
function errnoOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errno' in thrown) || typeof thrown.errno !== 'number') return undefined
  return thrown.errno < 0 && thrown.errno > -3000 ? -thrown.errno : undefined
}
