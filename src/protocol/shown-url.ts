/**
 * A URL as messages may repeat it: without user and password, which stand in front of the host, and without what follows the path,
 * where tokens are. Of a text that is no URL nothing is left in front of its last `@`.
 */
export function shownUrl(text: string): string {
  const credentials = URL.canParse(text) ? /^(\s*\w+:[/\\]*)[^/\\?#]*@/ : /^(\s*\w+:\/\/)?.*@/s
  return text.replace(credentials, '$1').replace(/[?#].*$/s, '')
}
