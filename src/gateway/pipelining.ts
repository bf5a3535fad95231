import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a request may take to come, with its body. */
export const requestMs = 60_000

/** Requests of one connection that wait for their replies: their bytes pile up where no other bound sees them. */
const maxPipelined = 16

export interface PipeliningOptions {
  /** Whether anybody will answer upgrades. Once somebody listens for them they are no requests any more. */
  readonly takesUpgrades: boolean
  /** Told of each connection that is cut. */
  readonly cut: () => void
}

/**
 * Cuts connections that ask for more before they have read what they asked for: too many requests at once, or an upgrade, which
 * nobody would answer while the socket still belongs to another reply. RFC 9112 section 9.3.2
 *
 * To be called before anything else listens for upgrades.
 */
export function limitPipelining(server: Server, { takesUpgrades, cut }: PipeliningOptions): void {
  const waiting = new WeakMap<Duplex, number>()
  const count = (socket: Duplex, step: number) => {
    const total = (waiting.get(socket) ?? 0) + step
    waiting.set(socket, total)
    return total
  }
  const end = (socket: Duplex) => {
    if (socket.destroyed) return
    cut()
    socket.destroy()
  }
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (count(socket, 1) > maxPipelined) end(socket)
    response.once('close', () => count(socket, -1))
  })
  if (!takesUpgrades) return
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    if ((waiting.get(socket) ?? 0) > 0) end(socket)
  })
}
