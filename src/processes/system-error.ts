import { getSystemErrorMessage } from 'node:util'

/** A system call that failed, with the operating system's number and text for it. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly errno: number

  constructor(errno: number, text: string) {
    super(`${text} (os error ${errno})`)
    this.errno = errno
  }

  /** From an error number of Node, which is negative and has a text that begins with a small letter. */
  static fromNode(errno: number): SystemError {
    const text = getSystemErrorMessage(errno)
    return new SystemError(-errno, text.charAt(0).toUpperCase() + text.slice(1))
  }
}
