import { getSystemErrorMessage } from 'node:util'

/** Where the C library words an error differently than Node does. strerror(3) */
const libcTexts: Readonly<Record<string, string>> = {
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENXIO: 'No such device or address',
}

/** The text of an operating system's error as peers know it: `No such file or directory (os error 2)`. */
export function osErrorText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) return error.message
  const text = libcTexts[code] ?? getSystemErrorMessage(errno)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (os error ${-errno})`
}
