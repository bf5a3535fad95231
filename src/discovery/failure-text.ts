import { osErrorText } from '../protocol/os-error-text.ts'

/** What failed, in the operating system's words where it is the one that refused. */
export function failureText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown error'
  const { errno } = thrown as NodeJS.ErrnoException
  return errno === undefined ? thrown.message : osErrorText(-errno)
}
