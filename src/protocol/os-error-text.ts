import { constants } from 'node:os'

/**
 * What musl's strerror(3) says, which the reference server is linked with; glibc's texts differ here and there. Clients
 * compare some of them.
 */
const texts: Partial<Record<keyof typeof constants.errno, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EINTR: 'Interrupted system call',
  EIO: 'I/O error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  ENOEXEC: 'Exec format error',
  EBADF: 'Bad file descriptor',
  ECHILD: 'No child process',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Out of memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Cross-device link',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'No file descriptors available',
  ENOTTY: 'Not a tty',
  ETXTBSY: 'Text file busy',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Invalid seek',
  EROFS: 'Read-only file system',
  EMLINK: 'Too many links',
  EPIPE: 'Broken pipe',
  EDEADLK: 'Resource deadlock would occur',
  ENAMETOOLONG: 'Filename too long',
  ENOSYS: 'Function not implemented',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Symbolic link loop',
  EOVERFLOW: 'Value too large for data type',
  EOPNOTSUPP: 'Not supported',
  ETIMEDOUT: 'Operation timed out',
  ESTALE: 'Stale file handle',
  EDQUOT: 'Quota exceeded',
}

const known = new Map(
  Object.entries(texts).map(([name, text]) => [constants.errno[name as keyof typeof texts], { name, text }] as const),
)

/** An error number of the operating system as peers know it: `No such file or directory (os error 2)`. */
export function osErrorText(errno: number): string {
  return `${known.get(errno)?.text ?? 'No error information'} (os error ${errno})`
}

/** Its name, as C has it; undefined for a number without a text. */
export function osErrorName(errno: number): string | undefined {
  return known.get(errno)?.name
}
