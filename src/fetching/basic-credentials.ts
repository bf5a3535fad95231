import { unescaped } from '../protocol/percent-escapes.ts'

/** User and password of a URL as the value of a header; `undefined` when it has neither. Their bytes need not be UTF-8. RFC 7617 */
export function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${unescaped(username)}:${unescaped(password)}`, 'latin1').toString('base64')}`
}
