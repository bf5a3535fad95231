import { once } from 'node:events'
import net from 'node:net'
import type { ClientOptions } from 'ws'
import { Peer } from './peer.ts'

/** A peer that decides what travels together: bytes sent at the same time arrive at the same time. */
export interface SegmentPeer {
  readonly peer: Peer
  /** The TCP connection below. */
  readonly tcp: net.Socket
  /** Everything sent meanwhile leaves in one write. */
  together(send: () => void): void
}

export async function openSegmentPeer(url: string, options: ClientOptions = {}): Promise<SegmentPeer> {
  const { hostname, port } = new URL(url)
  const tcp = net.connect(Number(port), hostname)
  await once(tcp, 'connect')
  const peer = await Peer.open(url, { ...options, createConnection: () => tcp })
  return {
    peer,
    tcp,
    together: send => {
      tcp.cork()
      send()
      tcp.uncork()
    },
  }
}
