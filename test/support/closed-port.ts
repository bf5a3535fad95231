import { once } from 'node:events'
import net from 'node:net'

/** Of this machine like every address of 127.0.0.0/8, and nobody else binds anything to it. */
const host = '127.9.9.9'

/** `HOST:PORT` where a connection is refused: the port was bound and given back. */
export async function closedPort(): Promise<string> {
  const server = net.createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const isClosed = once(server, 'close')
  server.close()
  await isClosed
  return `${host}:${port}`
}
