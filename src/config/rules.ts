import { isLoopback } from './listen-url.ts'
import { flagOf, type Settings } from './options.ts'

/**
 * What HTTP requests may reach. Clients of this machine reach as much without us; those of others must not get to what only
 * this machine does.
 */
export function fetchPolicy({
  fetchTargets,
  listen,
}: Pick<Settings, 'fetchTargets' | 'listen'>): 'all' | 'public' | 'listed' {
  if (fetchTargets !== 'auto') return fetchTargets
  return listen.transport === 'stdio' || isLoopback(listen.host) ? 'all' : 'public'
}

/**
 * Why the listen address is refused, or `undefined`: without authentication, whoever reaches the port runs commands
 * as this user, so listening beyond loopback has to be asked for.
 */
export function bindProblem({
  listen,
  allowUnauthenticated,
}: Pick<Settings, 'listen' | 'allowUnauthenticated'>): string | undefined {
  if (listen.transport === 'stdio' || allowUnauthenticated || isLoopback(listen.host)) return undefined
  return (
    `refusing to listen on ${listen.host}: it is beyond loopback and connections are not authenticated; ` +
    `listen on 127.0.0.1 or [::1], or accept the risk with ${flagOf('allowUnauthenticated')}`
  )
}

/** Why the address for operators is refused, or `undefined`: what it shows is for those who may log in here. */
function adminProblem({
  adminListen,
  allowUnauthenticated,
}: Pick<Settings, 'adminListen' | 'allowUnauthenticated'>): string | undefined {
  if (typeof adminListen === 'string' || allowUnauthenticated || isLoopback(adminListen.host)) return undefined
  return (
    `refusing to serve operators on ${adminListen.host}: it is beyond loopback and requests are not authenticated; ` +
    `use 127.0.0.1 or [::1], or accept the risk with ${flagOf('allowUnauthenticated')}`
  )
}

/** Why settings that are valid one by one cannot hold together, or `undefined`. */
export function conflictIn(settings: Settings): string | undefined {
  if (settings.watchdog && !settings.instanceMarker) {
    return 'watchdog needs instance-marker to find the processes of a dead gateway: turn both off or both on'
  }
  if (settings.dropAfterMs <= settings.pingAfterMs) {
    return (
      `drop-after (${settings.dropAfterMs} ms) must be longer than ping-after (${settings.pingAfterMs} ms): ` +
      'a quiet peer needs a ping to answer before it is dropped'
    )
  }
  return bindProblem(settings) ?? adminProblem(settings)
}
