import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { untilStill } from '../../test/support/until-still.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { DelayProxy } from './delay-proxy.ts'

const mebibyte = 1024 * 1024

interface Fixture extends AsyncDisposable {
  readonly proxy: DelayProxy
  /** A connection through the proxy, with its other end. */
  connect(): Promise<{ near: net.Socket; far: net.Socket }>
}

async function startProxy(rttMs: number): Promise<Fixture> {
  const ledger = new Ledger()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = await DelayProxy.open(`ws://127.0.0.1:${port}/path`, rttMs, new Timers(ledger))
  const sockets: net.Socket[] = []
  return {
    proxy,
    connect: async () => {
      const accepted = once(server, 'connection') as Promise<[net.Socket]>
      const near = net.connect({
        port: Number(new URL(proxy.url).port),
        host: '127.0.0.1',
        noDelay: true,
        allowHalfOpen: true,
      })
      const [far] = await accepted
      for (const socket of [near, far]) socket.on('error', () => {})
      sockets.push(near, far)
      return { near, far }
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      expect(ledger.outstanding()).toEqual({})
    },
  }
}

/** The quickest of a few round trips: what else the machine does only makes some slower. */
async function roundTripMs({ connect }: Fixture, times: number): Promise<number> {
  const { near, far } = await connect()
  far.pipe(far)
  let quickest = Infinity
  for (let turn = 0; turn < times; turn++) {
    const startedMs = performance.now()
    near.write('x')
    await once(near, 'data')
    quickest = Math.min(quickest, performance.now() - startedMs)
  }
  return quickest
}

it('keeps the path of its target', async () => {
  await using fixture = await startProxy(0)
  expect(fixture.proxy.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/path$/)
})

it('makes a round trip longer in proportion', async () => {
  await using near = await startProxy(0)
  await using far = await startProxy(60)
  await using further = await startProxy(180)
  const nearMs = await roundTripMs(near, 20)
  const farMs = await roundTripMs(far, 5)
  const furtherMs = await roundTripMs(further, 5)
  expect(farMs / nearMs).toBeGreaterThan(4)
  expect(furtherMs / farMs).toBeGreaterThan(2)
  expect(furtherMs / farMs).toBeLessThan(4)
})

it('delays what is on the way at the same time only once', async () => {
  await using fixture = await startProxy(80)
  const oneMs = await roundTripMs(fixture, 3)
  const { near, far } = await fixture.connect()
  far.pipe(far)
  const startedMs = performance.now()
  let received = 0
  const isComplete = new Promise<void>(resolve => {
    near.on('data', (bytes: Buffer) => {
      received += bytes.length
      if (received === 50) resolve()
    })
  })
  for (let message = 0; message < 50; message++) near.write('x')
  await isComplete
  // One after the other they would take fifty times as long.
  expect((performance.now() - startedMs) / oneMs).toBeLessThan(10)
})

it('delivers every byte in order, and the end after them', async () => {
  await using fixture = await startProxy(20)
  const { near, far } = await fixture.connect()
  const sent = Buffer.alloc(8 * mebibyte)
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at)
  const arriving = buffer(far)
  for (let at = 0; at < sent.length; at += 10_007) near.write(sent.subarray(at, at + 10_007))
  near.end()
  expect((await arriving).equals(sent)).toBe(true)
  // The other direction is open still.
  const answered = buffer(near)
  far.end('bye')
  expect((await answered).toString()).toBe('bye')
})

it('holds up a sender whose receiver does not read, and goes on where it was', async () => {
  await using fixture = await startProxy(10)
  const { near, far } = await fixture.connect()
  near.pause()
  const total = 96 * mebibyte
  const piece = Buffer.alloc(mebibyte / 8, 'x')
  let taken = 0
  const sendAll = async () => {
    while (taken < total) {
      await new Promise(resolve => void far.write(piece, resolve))
      taken += piece.length
    }
    far.end()
  }
  void sendAll()
  expect(await untilStill(() => taken)).toBeLessThan(total / 2)
  const { length } = await buffer(near)
  expect(length).toBe(total)
})

it('lets nothing through to the clients while it holds them back', async () => {
  await using fixture = await startProxy(0)
  const { near, far } = await fixture.connect()
  far.write('before')
  const [before] = (await once(near, 'data')) as [Buffer]
  expect(before.toString()).toBe('before')
  fixture.proxy.holdBack()
  far.write('meanwhile')
  near.write('up')
  await once(far, 'data')
  expect(await untilStill(() => near.bytesRead)).toBe('before'.length)
  const arriving = once(near, 'data') as Promise<[Buffer]>
  fixture.proxy.letThrough()
  const [meanwhile] = await arriving
  expect(meanwhile.toString()).toBe('meanwhile')
})

it('breaks all connections at once', async () => {
  await using fixture = await startProxy(0)
  const first = await fixture.connect()
  const second = await fixture.connect()
  const sockets = [first.near, first.far, second.near, second.far]
  const over = Promise.all(sockets.map(socket => once(socket, 'close')))
  for (const socket of sockets) socket.resume().on('end', () => socket.end())
  fixture.proxy.cut()
  await expect(over).resolves.toHaveLength(4)
})

it('passes a reset on', async () => {
  await using fixture = await startProxy(0)
  const { near, far } = await fixture.connect()
  const isOver = once(near, 'close')
  near.resume()
  near.on('end', () => near.end())
  far.resetAndDestroy()
  await expect(isOver).resolves.toBeDefined()
})
