import { isLoopback } from '../config/listen-url.ts'

/** RFC 9112 section 3.2: a port may follow, and an IPv6 address stands in brackets. */
const hostHeaderForm = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:]*))(?::\d*)?$/

/**
 * Whether somebody who came over the loopback asked for a name of somebody else. A page in a browser can have its own name
 * resolve to 127.0.0.1 and then reads what is there as its own: the name it asks for is all that tells. Whoever comes by
 * another way may call this machine what they like.
 */
export function isRebound(localAddress: string | undefined, hostHeader: string | undefined): boolean {
  if (localAddress === undefined || !isLoopback(localAddress)) return false
  const { address, name = '' } = hostHeaderForm.exec(hostHeader ?? '')?.groups ?? {}
  const host = (address ?? name).toLowerCase()
  return !isLoopback(host) && host !== 'localhost' && !host.endsWith('.localhost')
}
