import { once } from 'node:events'
import net from 'node:net'
import { expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { eventually } from '../../test/support/eventually.ts'
import { untilStill } from '../../test/support/until-still.ts'
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
  close: () => {},
}

/** Both ends of one connection. */
async function connected(events: Partial<TransportEvents> = {}) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: 1024 * 1024,
  })
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

/** The code it ends with. */
async function endOf(websocket: WebSocket): Promise<number> {
  websocket.on('error', () => {})
  const { promise, resolve } = Promise.withResolvers<number>()
  websocket.once('close', resolve)
  return await promise
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

it('knows to the byte what of a long message has been taken', async () => {
  using pair = await connected()
  const { client, transport } = pair
  client.pause()
  transport.send('x'.repeat(64 * 1024 * 1024))
  const before = await untilStill(() => transport.takenBytes)
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(transport.sentBytes)
  client.resume()
  await eventually(() => transport.takenBytes > before, 'more is taken')
  await eventually(() => transport.takenBytes === transport.sentBytes, 'everything is taken')
})

it('answers every ping of a peer that reads', async () => {
  using pair = await connected()
  const { client } = pair
  for (let count = 0; count < 200; count++) {
    client.ping(String(count))
    const [answer] = (await once(client, 'pong')) as [Buffer]
    expect(answer.toString()).toBe(String(count))
  }
})

it('answers the last ping of many to a peer that reads again', async () => {
  using pair = await connected()
  const { client, websocket, transport } = pair
  client.pause()
  for (let sent = 0; sent < 1000; sent++) transport.send('x'.repeat(64 * 1024))
  const arrived = new Promise<void>(resolve => {
    websocket.on('ping', data => {
      if (String(data) === '199') resolve()
    })
  })
  for (let count = 0; count < 200; count++) client.ping(String(count))
  await arrived
  const answers: string[] = []
  const answered = new Promise<void>(resolve => {
    client.on('pong', data => {
      answers.push(String(data))
      if (String(data) === '199') resolve()
    })
  })
  client.resume()
  await answered
  expect(answers).toEqual([...Array.from({ length: 60 }, (_, count) => String(count)), '199'])
})

it.each([
  [1002, 'that is not masked', (client: WebSocket) => client.send('x', { mask: false })],
  [1007, 'of text that is none', (client: WebSocket) => client.send(Buffer.from([0xff]), { binary: false })],
  [1009, 'that is too long', (client: WebSocket) => client.send(Buffer.alloc(1024 * 1024 + 1))],
])('tells with %i that its peer has sent a frame %s', async (expected, _what, send) => {
  const told: unknown[] = []
  using pair = await connected({
    close: (code, _reason, cause) => told.push([code, cause]),
    disconnected: isOrderly => told.push(isOrderly),
  })
  const { client, websocket } = pair
  const ends = Promise.all([endOf(websocket), endOf(client)])
  send(client)
  const [, code] = await ends
  expect(code).toBe(expected)
  expect(told[0]).toEqual([expected, 'protocol_error'])
})

it.each([
  ['a goodbye', true, 18, (client: WebSocket) => client.close()],
  ['no goodbye', false, 12, () => {}],
])('tells of %s among what is unread when the connection breaks', async (_what, expected, unreadBytes, end) => {
  const told: unknown[] = []
  using pair = await connected({
    close: (_code, _reason, cause) => told.push(cause),
    disconnected: isOrderly => told.push(isOrderly),
  })
  const { client, websocket, socket, transport } = pair
  transport.pauseInput()
  client.send('unread')
  end(client)
  await eventually(() => socket.readableLength === unreadBytes, 'all has arrived')
  const ended = endOf(websocket)
  socket.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await ended
  expect(told).toEqual([expected])
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
