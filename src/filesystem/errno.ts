import { constants } from 'node:os'
import { type ErrorKind, GatewayError } from '../protocol/gateway-error.ts'

type ErrnoName = keyof typeof constants.errno

/**
 * What the reference server says for an error number: the texts of musl's strerror(3), which differ from glibc's here and
 * there. Clients compare some of them.
 */
const texts: Partial<Record<ErrnoName, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EINTR: 'Interrupted system call',
  EIO: 'I/O error',
  ENXIO: 'No such device or address',
  EBADF: 'Bad file descriptor',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Out of memory',
  EACCES: 'Permission denied',
  EBUSY: 'Resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Cross-device link',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'No file descriptors available',
  ETXTBSY: 'Text file busy',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Invalid seek',
  EROFS: 'Read-only file system',
  EMLINK: 'Too many links',
  EDEADLK: 'Resource deadlock would occur',
  ENAMETOOLONG: 'Filename too long',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Symbolic link loop',
  EOVERFLOW: 'Value too large for data type',
  EOPNOTSUPP: 'Not supported',
  ETIMEDOUT: 'Operation timed out',
  ESTALE: 'Stale file handle',
  EDQUOT: 'Quota exceeded',
}

const namesByNumber = new Map((Object.keys(texts) as ErrnoName[]).map(name => [constants.errno[name], name] as const))

/** Everything that is not listed is an I/O failure: `refused`. */
const kinds: Partial<Record<ErrnoName, ErrorKind>> = {
  ENOENT: 'notFound',
  EACCES: 'invalidRequest',
  EPERM: 'invalidRequest',
  EINVAL: 'invalidRequest',
}

/** What the operating system would answer, for what this gateway finds out itself. */
export function systemError(name: ErrnoName): GatewayError {
  return new GatewayError(kinds[name] ?? 'refused', `${texts[name] ?? name} (os error ${constants.errno[name]})`)
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
  const name = namesByNumber.get(code)
  return name === undefined
    ? new GatewayError('refused', `No error information (os error ${code})`, { cause: thrown })
    : systemError(name)
}

/** Node negates the numbers of the operating system. libuv reports some of its own below -3000. */
function errnoOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errno' in thrown) || typeof thrown.errno !== 'number') return undefined
  return thrown.errno < 0 && thrown.errno > -3000 ? -thrown.errno : undefined
}
