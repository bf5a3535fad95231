import { osErrorText } from '../protocol/os-error-text.ts'

/** A system call that failed, with the operating system's number and text for it. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly errno: number

  constructor(errno: number) {
    super(osErrorText(errno))
    this.errno = errno
  }

  /** From an error number of Node, which is negative. */
  static fromNode(errno: number): SystemError {
    return new SystemError(-errno)
  }
}

/**
 * Does what the operating system may refuse, and leaves it undone then.
 * @returns whether it was done
 */
export function unlessRefused(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof SystemError) return false
    throw error
  }
}
