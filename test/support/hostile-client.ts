import { once } from 'node:events'
import net from 'node:net'
import { WebSocket } from 'ws'
import type { Hostility } from './hostile-messages.ts'

export interface HostileVisit {
  readonly hostilities: readonly Hostility[]
  /** Whether it begins as a client that behaves. */
  readonly shakesHands: boolean
  readonly leaves: 'in order' | 'abruptly'
}

/** Sends without looking at what comes back, until everything is sent or the gateway has closed the connection. */
export async function visit(url: string, { hostilities, shakesHands, leaves }: HostileVisit): Promise<void> {
  const { hostname, port } = new URL(url)
  const tcp = net.connect(Number(port), hostname)
  const socket = new WebSocket(url, { perMessageDeflate: false, createConnection: () => tcp })
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      resolve()
    })
  })
  await once(socket, 'open')
  if (shakesHands) {
    socket.send('{"id":0,"method":"initialize","params":{"clientName":"fuzz"}}')
    socket.send('{"method":"initialized"}')
  }
  for (const each of hostilities) {
    if (socket.readyState !== WebSocket.OPEN) break
    if (each.kind === 'text') socket.send(each.text)
    else if (each.kind === 'binary') socket.send(each.bytes, { binary: true })
    else tcp.write(each.bytes)
  }
  // All of it is read before the end is, unless the connection breaks.
  if (leaves === 'in order') tcp.end()
  else tcp.resetAndDestroy()
  await closed
}
