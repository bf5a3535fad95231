/** User and password of a URL as the value of a header; `undefined` when it has neither. RFC 7617 */
export function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${unescaped(username)}:${unescaped(password)}`, 'latin1').toString('base64')}`
}

/** The bytes that are escaped, as latin1: they need not be UTF-8. */
function unescaped(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
