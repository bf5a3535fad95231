import { once } from 'node:events'
import net from 'node:net'
import fc from 'fast-check'
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
    maxMessageBytes: 1024 * 1024,
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
  const [timers, frames] = [new Timers(ledger), new BufferPools(frameSizes)]
  expect(new WebSocketTransport({ websocket, socket, timers, frames, maxMessageBytes: 1000 })).toBeDefined()
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

it('takes short messages without the stream that reads frames', async () => {
  const arrived: unknown[] = []
  using pair = await connected({ received: message => arrived.push(message) })
  const { client, websocket } = pair
  const left: string[] = []
  websocket.on('message', (data: Buffer) => left.push(data.toString()))
  // What is not ASCII is left to the stream.
  const texts = ['{"id":1}', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(60_000), 'ä', '']
  for (const text of texts) {
    client.send(text)
    // Each in a packet of its own: what the end of a read cuts is left to the stream as well.
    await eventually(() => arrived.at(-1) === text, 'it has arrived')
  }
  expect(arrived).toEqual(texts)
  expect(left).toContain('ä')
  expect(left).not.toContain('{"id":1}')
  expect(left).not.toContain('')
})

/** A frame as a client sends it. RFC 6455 section 5.2 */
function maskedFrame({ opcode, isFinal, payload }: { opcode: number; isFinal: boolean; payload: Buffer }): Buffer {
  const { length } = payload
  const mask = Buffer.from([0x5a, 0x00, 0xff, 0x31])
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = (isFinal ? 0x80 : 0) | opcode
  header[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))])
}

const text = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.integer({ min: 100, max: 70_000 }).map(length => 'x'.repeat(length)),
)
/** What a client sends, and what the gateway is told of it. */
const sent = fc.oneof(
  { weight: 4, arbitrary: text.map(told => ({ frames: [{ opcode: 1, isFinal: true, payload: told }], told })) },
  text.map(told => ({ frames: [{ opcode: 2, isFinal: true, payload: told }], told })),
  fc.tuple(text, text).map(([first, second]) => ({
    frames: [
      { opcode: 1, isFinal: false, payload: first },
      { opcode: 9, isFinal: true, payload: 'ping' },
      { opcode: 0, isFinal: true, payload: second },
    ],
    told: first + second,
  })),
  fc.nat(1000).map(mark => ({ frames: [{ opcode: 10, isFinal: true, payload: String(mark) }], told: mark })),
)

it('is told the same of what a client sends, wherever the network cuts it', async () => {
  const told: unknown[] = []
  using pair = await connected({
    received: message => told.push(message.toString()),
    confirmed: mark => told.push(mark),
  })
  const { websocket } = pair
  const reader = (websocket as unknown as { _receiver: { write: (chunk: Buffer) => boolean } })._receiver
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 30 }), (messages, cuts) => {
      told.length = 0
      const bytes = Buffer.concat(
        messages.flatMap(({ frames }) =>
          frames.map(frame => maskedFrame({ ...frame, payload: Buffer.from(frame.payload) })),
        ),
      )
      let at = 0
      // Copies, as the socket gives: they are unmasked in place.
      for (const length of [...cuts, bytes.length]) {
        const chunk = Buffer.from(bytes.subarray(at, at + length))
        if (chunk.length > 0) reader.write(chunk)
        at += length
      }
      expect(told).toEqual(messages.map(message => message.told))
    }),
    { numRuns: 300 },
  )
})

it('takes no part of a message for a message', async () => {
  const told: unknown[] = []
  using pair = await connected({
    received: message => told.push(message),
    undecodable: () => told.push('bytes'),
    close: code => told.push(code),
  })
  const { client, websocket, transport } = pair
  const end = endOf(websocket)
  const clientSocket = (client as unknown as { _socket: net.Socket })._socket
  const arrive = async (bytes: Buffer) => {
    const all = transport.receivedBytes + bytes.length
    clientSocket.write(bytes)
    await eventually(() => transport.receivedBytes === all, 'all has arrived')
  }
  const inner = maskedFrame({ opcode: 1, isFinal: true, payload: Buffer.from('inside') })
  // With a mask of zeros a frame looks like one inside another as well.
  await arrive(Buffer.from([0x82, 0x80 | inner.length, 0, 0, 0, 0]))
  await arrive(inner)
  // Between the parts of a message there may be none.
  await arrive(maskedFrame({ opcode: 1, isFinal: false, payload: Buffer.from('part') }))
  await arrive(inner)
  await end
  expect(told).toEqual(['bytes', 1002])
})

it('sends the answers to what arrives together in one piece', async () => {
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  const answers: string[] = []
  using pair = await connected({
    received: message => {
      pair.transport.send(`re ${String(message)}`)
    },
  })
  const { client, socket } = pair
  const write = vi.spyOn(socket, '_write')
  const writeMany = vi.spyOn(socket as Required<net.Socket>, '_writev')
  client.on('message', (data: Buffer) => {
    if (answers.push(data.toString()) === 3) resolve()
  })
  const clientSocket = (client as unknown as { _socket: net.Socket })._socket
  clientSocket.cork()
  for (const text of ['one', 'two', 'three']) client.send(text)
  clientSocket.uncork()
  await answered
  expect(answers).toEqual(['re one', 're two', 're three'])
  expect(write.mock.calls.length + writeMany.mock.calls.length).toBe(1)
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
