import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { PrivateAuthority } from '../test/support/certificates.ts'
import { type Bench, ratio } from './support/bench.ts'
import { oneByOne, takeTurns } from './support/samples.ts'
import { Server } from './support/server.ts'

const requests = 40

/**
 * What a connection that is used again saves: requests over TLS to a server on this machine, of a kind that may be asked
 * twice, beside one that may not and so gets a connection of its own.
 */
export const httpRequests: Bench = {
  name: 'http-requests',
  async run() {
    using authority = new PrivateAuthority()
    await using served = new AsyncDisposableStack()
    const web = createServer(authority.server, (incoming, response) => {
      incoming.resume()
      response.end('fine')
    })
    served.defer(async () => {
      const closed = once(web, 'close')
      web.close()
      web.closeAllConnections()
      await closed
    })
    web.listen(0, '127.0.0.1')
    await once(web, 'listening')
    const url = `https://127.0.0.1:${(web.address() as AddressInfo).port}/`

    await using gateway = await Server.startGateway({ CODEX_CA_CERTIFICATE: authority.path })
    const client = await gateway.connect()
    const by = (method: string) =>
      oneByOne(requests, async () => {
        const startedAt = performance.now()
        await client.call('http/request', { method, url, requestId: 'r' })
        return performance.now() - startedAt
      })
    const { reused, fresh } = await takeTurns({
      turns: 6,
      warmUpTurns: 2,
      sides: { reused: by('GET'), fresh: by('POST') },
    })
    return [
      {
        name: 'HTTP over TLS, connection used again',
        measured: [
          { label: 'p50', value: reused.p50, unit: 'ms' },
          { label: 'new connection p50', value: fresh.p50, unit: 'ms' },
        ],
        judged: ratio(reused.p50, fresh.p50),
        bound: { atMost: 0.5 },
      },
    ]
  },
}
