import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { ScriptedServer } from '../../test/support/scripted-server.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { WebSocketChannel } from './websocket-channel.ts'

/** A third of the silence that a peer is allowed is over whenever a test says so. */
class TurningTimers extends Timers {
  turn = (): void => {}

  override every(_periodMs: number, action: () => void): Disposable {
    this.turn = action
    return { [Symbol.dispose]: () => {} }
  }
}

it('takes every byte for a sign of life, as a long message takes its time', async () => {
  await using server = await ScriptedServer.open()
  const sockets: Socket[] = []
  const opened = (message: unknown) => sockets.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', opened)
  const timers = new TurningTimers(new Ledger())
  const options = { url: server.url, headers: {}, connectTimeoutMs: 10_000, silenceMs: 3 }
  const channel = await WebSocketChannel.open(options, timers, new AbortController().signal)
  unsubscribe('net.client.socket', opened)
  const received = Promise.withResolvers<string>()
  channel.start({ received: received.resolve, ended: () => received.reject(new Error('it was given up')) })
  const connection = await server.connection()
  // Nothing may come between its bytes, such as the answer to a ping.
  connection.freezes()
  const text = 'longest'
  // A frame of text and its length, RFC 6455 section 5.2.
  for (const byte of Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)])) {
    const before = sockets[0]?.bytesRead ?? 0
    connection.writes(Buffer.from([byte]))
    await eventually(() => (sockets[0]?.bytesRead ?? 0) > before, 'the byte is there')
    timers.turn()
  }
  expect(await received.promise).toBe(text)
  await Promise.all([channel.close(), connection.drops()])
})
