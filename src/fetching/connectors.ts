import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import { ProxyRefused } from './fetch-failure.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { hostOf } from './host-list.ts'
import { openTunnel, type ProxyEndpoint } from './proxy-tunnel.ts'
import type { TargetRules } from './target-rules.ts'
import type { TrustedRoots } from './trusted-roots.ts'

/** Makes the socket of a connection. Each resumes the TLS sessions of the sockets it has made before. */
export type Connector = buildConnector.connector

const connectorOptions = { allowH2: false, timeout: 0 }

/** Connects to what the rules permit. The roots are asked for by the first connection that needs them. */
export function directConnector(rules: TargetRules, roots: TrustedRoots): Connector {
  const options = { ...connectorOptions, lookup: guardedLookup(rules) }
  const connectPlainly = buildConnector(options)
  let connectSecurely: Connector | undefined
  return (target, callback) => {
    if (target.protocol !== 'https:') return connectPlainly(target, callback)
    connectSecurely ??= buildConnector({ ...options, secureContext: roots.context })
    return connectSecurely(named(target), callback)
  }
}

/** Connects to the proxy itself, whose certificate is for its own name, whatever is asked of it. */
export function proxyConnector({ url, secureContext }: ProxyEndpoint): Connector {
  const connect = buildConnector({ ...connectorOptions, secureContext })
  const host = hostOf(url)
  return (target, callback) => connect(named(target, host), callback)
}

/** Connects through a tunnel. What it returns is destroyed by whoever gives up. */
export function tunnelConnector(proxy: ProxyEndpoint): Connector {
  const connectSecurely = buildConnector({ ...connectorOptions, secureContext: proxy.secureContext })
  return (target, callback) => {
    const host = isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname
    return openTunnel(proxy, `${host}:${target.port || 443}`, (error, httpSocket) => {
      if (httpSocket === null) return callback(error ?? new ProxyRefused('the proxy closed the connection'), null)
      let isSettled = false
      const settle: buildConnector.Callback = (...outcome) => {
        if (!isSettled) callback(...outcome)
        isSettled = true
      }
      // TLS does not tell when what it runs over is reset.
      httpSocket.once('close', () => {
        settle(new ProxyRefused('the proxy closed the connection'), null)
      })
      connectSecurely({ ...named(target), httpSocket }, settle)
    })
  }
}

/**
 * The target with the name that its certificate has to be for: the one that is connected to, whatever the `host` header of a request
 * says. RFC 9110 section 4.3.4. An address has no name to tell. RFC 6066 section 3
 */
function named(
  { servername: _byHeader, ...target }: buildConnector.Options,
  host = target.hostname.replace(/\.$/, ''),
): buildConnector.Options {
  return isIP(host) === 0 ? { ...target, servername: host } : target
}
