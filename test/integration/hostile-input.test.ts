import { once } from 'node:events'
import net from 'node:net'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visit } from '../support/hostile-client.ts'
import { type Hostility, hostility } from '../support/hostile-messages.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'

/**
 * How many hostile clients come, one after the other. `EXECGATE_FUZZ_CLIENTS` sends more; fast-check prints the seed of a
 * failure.
 */
const clients = Number(process.env['EXECGATE_FUZZ_CLIENTS'] ?? 150)

const timeout = 120_000 + clients * 200

/** One that gets through, so that processes are left behind, too. */
const wellMeant: Hostility = {
  kind: 'text',
  text: '{"id":1,"method":"process/start","params":{"processId":"p","argv":["cat"],"cwd":"file:///","env":{"PATH":"/usr/bin:/bin"},"tty":false,"pipeStdin":true}}',
}
const leaves = fc.constantFrom('in order', 'abruptly')
const shakesHands = fc.nat({ max: 4 }).map(number => number > 0)

/** A client that behaves is served as ever. */
async function servesOthers(gateway: GatewayFixture): Promise<void> {
  await using peer = await gateway.connect()
  expect(await peer.call('environment/status', {})).toMatchObject({ status: 'ready' })
  expect((await peer.run('p', 'exit 7')).exitCode).toBe(7)
}

test('hostile messages on a socket disturb nobody and leave nothing', { timeout }, async () => {
  // Sessions are left behind all the time; they expire while others come.
  await using gateway = await startGateway({ limits: { maxSessions: clients + 10, detachedSessionMs: 100 } })
  await fc.assert(
    fc.asyncProperty(fc.array(hostility, { maxLength: 40 }), shakesHands, leaves, async (hostilities, shakes, how) => {
      await visit(gateway.url, { hostilities, shakesHands: shakes, leaves: how })
    }),
    { numRuns: clients, endOnFailure: true, examples: [[[wellMeant], true, 'in order']] },
  )
  const { processesStarted } = gateway.gateway.telemetry.instruments
  expect(processesStarted.value({ mode: 'pipes', result: 'success' }), 'processes they started').toBeGreaterThan(0)
  await servesOthers(gateway)
})

test('what is no WebSocket is refused and leaves nothing', { timeout }, async () => {
  await using gateway = await startGateway()
  const { hostname, port } = new URL(gateway.url)
  const upgrade =
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array)),
    // Half an upgrade, and one with garbage at some place.
    fc.nat({ max: upgrade.length }).map(length => Buffer.from(upgrade.slice(0, length))),
    fc.tuple(fc.nat({ max: upgrade.length - 1 }), fc.integer({ min: 0, max: 255 })).map(([place, byte]) => {
      const changed = Buffer.from(upgrade)
      changed[place] = byte
      return changed
    }),
  )
  await fc.assert(
    fc.asyncProperty(bytes, async sent => {
      const socket = net.connect(Number(port), hostname)
      socket.on('error', () => {}).resume()
      const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
      await once(socket, 'connect')
      await new Promise<void>(resolve => socket.end(sent, () => resolve()))
      socket.destroy()
      await closed
    }),
    // A path that cannot be decoded is refused before any hook sees it.
    { numRuns: clients, endOnFailure: true, examples: [[Buffer.from(upgrade.replace('/ ', '/%'))]] },
  )
  await servesOthers(gateway)
})

test('hostile lines on standard input end the connection at most', { timeout }, async () => {
  await using gateway = await startGateway()
  await fc.assert(
    fc.asyncProperty(fc.array(hostility, { maxLength: 40 }), shakesHands, async (hostilities, shakes) => {
      // A gateway that serves standard streams serves nothing else: each client gets its own.
      await using served = await startGateway()
      const [input, output] = [new PassThrough(), new PassThrough()]
      output.resume()
      const over = served.gateway.serveStdio(input, output)
      if (shakes) {
        input.write('{"id":0,"method":"initialize","params":{"clientName":"fuzz"}}\n{"method":"initialized"}\n')
      }
      for (const each of hostilities) input.write(each.kind === 'text' ? `${each.text}\n` : each.bytes)
      input.end()
      await over
    }),
    { numRuns: Math.ceil(clients / 5), endOnFailure: true },
  )
  await servesOthers(gateway)
})
