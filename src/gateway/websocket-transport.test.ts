import { once } from 'node:events'
import net from 'node:net'
import { expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { frameSizes } from './frame-sizes.ts'
import type { TransportEvents } from './transport.ts'
import { WebSocketTransport } from './websocket-transport.ts'

const silent: TransportEvents = {
  received: () => {},
  undecodable: () => {},
  overlong: () => {},
  drained: () => {},
  confirmed: () => {},
  inputEnded: () => {},
  disconnected: () => {},
}

/** Both ends of one connection. */
async function connected(events: Partial<TransportEvents> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const accepted = once(server, 'connection') as Promise<[WebSocket, { socket: net.Socket }]>
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  await once(client, 'open')
  const [websocket, { socket }] = await accepted
  const ledger = new Ledger()
  const transport = new WebSocketTransport({
    websocket,
    socket,
    timers: new Timers(ledger),
    frames: new BufferPools(frameSizes),
  })
  transport.start({ ...silent, ...events })
  const end = () => {
    client.terminate()
    socket.destroy()
    server.close()
  }
  return { client, websocket, socket, transport, ledger, [Symbol.dispose]: end }
}

it('waits for nothing before it sends: no delay of small messages', async () => {
  using pair = await connected()
  const { websocket, socket, ledger } = pair
  const setNoDelay = vi.spyOn(socket, 'setNoDelay')
  expect(
    new WebSocketTransport({ websocket, socket, timers: new Timers(ledger), frames: new BufferPools(frameSizes) }),
  ).toBeDefined()
  expect(setNoDelay).toHaveBeenCalledWith(true)
})

it('sends what is said in one turn in its order', async () => {
  using pair = await connected()
  const { client, transport } = pair
  const texts: string[] = []
  const received = new Promise<void>(resolve => {
    client.on('message', data => {
      texts.push((data as Buffer).toString())
      if (texts.length === 3) resolve()
    })
  })
  transport.send('one')
  transport.send({ before: 'two ', chunk: Buffer.alloc(48 * 1024), after: '' })
  transport.send('three')
  await received
  expect(texts).toEqual(['one', `two ${'A'.repeat(64 * 1024)}`, 'three'])
})

it('hands over long messages as bytes, however they come, and others as text', async () => {
  const arrived: unknown[] = []
  const { promise: over, resolve } = Promise.withResolvers<void>()
  using pair = await connected({
    received: message => arrived.push(message),
    undecodable: detail => arrived.push([detail]),
    disconnected: () => resolve(),
  })
  const { client } = pair
  const longest = 'x'.repeat(64 * 1024)
  client.send(longest)
  client.send(`${longest}y`)
  client.send(longest, { fin: false })
  client.send('ä', { fin: true })
  client.send(Buffer.from(`${longest}z`))
  client.send(Buffer.from('short'))
  client.send(Buffer.alloc(100_000, 0xff))
  client.send(Buffer.from([0xff]))
  client.close()
  await over
  const refused = ['the message is not valid UTF-8']
  const long = ['y', 'ä', 'z'].map(end => Buffer.from(longest + end))
  expect(arrived).toEqual([longest, ...long, 'short', refused, refused])
})

it('counts what the operating system has not taken', async () => {
  using pair = await connected()
  const { client, transport } = pair
  client.pause()
  for (let sent = 0; sent < 1000; sent++) transport.send('x'.repeat(64 * 1024))
  expect(transport.queuedBytes).toBeGreaterThan(32 * 1024 * 1024)
})

it('lets go although the connection breaks while it says goodbye', async () => {
  using pair = await connected()
  const { socket, transport, ledger } = pair
  const letGo = transport.close(1000, 'bye')
  socket.destroy(new Error('write EPIPE'))
  await letGo
  expect(ledger.outstanding()).toEqual({})
})

it('sends a whole goodbye', async () => {
  using pair = await connected()
  const { client, transport } = pair
  const closed = once(client, 'close') as Promise<[number, Buffer]>
  await transport.close(1001, 'y'.repeat(200))
  const [code, reason] = await closed
  expect([code, reason.toString()]).toEqual([1001, 'y'.repeat(120)])
})
