import { isIP, isIPv4 } from 'node:net'

const nameLabels = /^(?:\*?\.)?[a-z\d_](?:[a-z\d_-]*[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]*[a-z\d_])?)*$/i

/**
 * Whether a text names hosts: `*`, a name (which stands for its subdomains too), an address, or a network such as
 * `10.0.0.0/8`. A number where an address is meant, such as `10.0.0`, names nothing.
 */
export function isHostPattern(text: unknown): text is string {
  if (typeof text !== 'string') return false
  const [address = '', prefix, ...rest] = text.split('/')
  if (rest.length > 0) return false
  if (prefix !== undefined) return isIP(address) !== 0 && isPrefix(prefix, isIPv4(address) ? 32 : 128)
  return text === '*' || isIP(text) !== 0 || (nameLabels.test(text) && !/(?:^|\.)\d+$/.test(text))
}

function isPrefix(text: string, longest: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= longest
}
