import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, type SecureContext } from 'node:tls'
import { basicCredentials } from './basic-credentials.ts'
import { ProxyRefused } from './fetch-failure.ts'
import { hostOf } from './host-list.ts'

/** An answer to CONNECT has no body that matters, and a few headers. */
const maxAnswerBytes = 16 * 1024
const endOfHeaders = '\r\n\r\n'

/** A proxy of the operator, and how to trust it. */
export interface ProxyEndpoint {
  /** http or https, with user and password where it wants some. */
  readonly url: URL
  readonly secureContext: SecureContext
}

/**
 * Has a proxy connect to `host:port`. RFC 9110 section 9.3.6
 * @param opened called once: with the socket when it leads to the target, or with what went wrong
 * @returns the socket right away: whoever gives up destroys it
 */
export function openTunnel(
  proxy: ProxyEndpoint,
  target: string,
  opened: (error: Error | null, socket: Socket | null) => void,
): Socket {
  const socket = connectTo(proxy)
  let answer = Buffer.alloc(0)
  const settle = (error: Error | null) => {
    socket.off('readable', read).off('error', settle).off('close', closed)
    if (error === null) return opened(null, socket)
    socket.destroy()
    opened(error, null)
  }
  const closed = () => {
    settle(new ProxyRefused('the proxy closed the connection'))
  }
  const read = () => {
    for (;;) {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      answer = Buffer.concat([answer, chunk])
      const end = answer.indexOf(endOfHeaders)
      if (end >= 0) {
        const rest = answer.subarray(end + endOfHeaders.length)
        if (rest.length > 0) socket.unshift(rest)
        return settle(refusalIn(answer.toString('latin1')))
      }
      if (answer.length > maxAnswerBytes) return settle(new ProxyRefused('the proxy does not speak HTTP'))
    }
  }
  // Whatever goes wrong later is told by what is spoken through the tunnel.
  socket.on('error', () => {})
  socket.on('readable', read).on('error', settle).on('close', closed)
  socket.once(proxy.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
    const credentials = basicCredentials(proxy.url)
    const authorization = credentials === undefined ? '' : `proxy-authorization: ${credentials}\r\n`
    socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n${authorization}\r\n`)
  })
  return socket
}

function connectTo({ url, secureContext }: ProxyEndpoint): Socket {
  const host = hostOf(url)
  if (url.protocol !== 'https:') return connect({ host, port: Number(url.port || 80), noDelay: true })
  const name = isIP(host) === 0 ? { servername: host } : {}
  return connectSecurely({ host, port: Number(url.port || 443), secureContext, ALPNProtocols: ['http/1.1'], ...name })
}

/** Why the proxy does not connect; `null` when it does. */
function refusalIn(answer: string): ProxyRefused | null {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]
  if (status === undefined) return new ProxyRefused('the proxy does not speak HTTP')
  if (status.startsWith('2')) return null
  if (status === '407') return new ProxyRefused('the proxy asks for credentials')
  return new ProxyRefused(`the proxy does not connect to this target (${status})`)
}
