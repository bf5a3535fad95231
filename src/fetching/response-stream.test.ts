import { describe, expect, test } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { Fetch } from './fetch.ts'
import { FetchMetrics } from './fetch-metrics.ts'
import { type BodyDelta, type BodyOutlet, ResponseStream, type RoomWaiter } from './response-stream.ts'

/** Takes as many pieces as it has room for. */
class FakeOutlet implements BodyOutlet {
  readonly delivered: BodyDelta[] = []
  readonly waiters = new Set<RoomWaiter>()
  room: number

  constructor(room: number) {
    this.room = room
  }

  get hasRoom(): boolean {
    return this.room > 0
  }

  deliverBody(delta: BodyDelta): void {
    this.delivered.push(delta)
    if (!delta.done) this.room -= 1
  }

  awaitRoom(waiter: RoomWaiter): void {
    this.waiters.add(waiter)
  }

  forget(waiter: RoomWaiter): void {
    this.waiters.delete(waiter)
  }

  makeRoom(room: number): void {
    this.room = room
    const waiters = [...this.waiters]
    this.waiters.clear()
    for (const waiter of waiters) waiter.roomMade()
  }
}

function stream(body: AsyncIterable<Buffer>, { timeoutMs }: { timeoutMs?: number } = {}) {
  const ledger = new Ledger()
  const metrics = new FetchMetrics()
  const connection = new AbortController()
  const acquired = new DisposableStack()
  const { signal } = connection
  const fetch = acquired.use(
    new Fetch({ mode: 'streamed', timeoutMs, signal, ledger, timers: new Timers(ledger), metrics }),
  )
  const response = { status: 200, headers: [], body, discard: () => {} }
  return { ledger, connection, stream: new ResponseStream({ requestId: 'r', response, fetch, metrics, acquired }) }
}

async function* chunksOf(...chunks: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function nextTurn(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

describe('a streamed body', () => {
  test('is numbered, cut into pieces of a mebibyte, and ended', async () => {
    const outlet = new FakeOutlet(Infinity)
    const { stream: streamed, ledger } = stream(chunksOf('a', Buffer.alloc(2 * 1024 * 1024 + 1)))
    await streamed.deliver(outlet)
    expect(outlet.delivered.map(({ seq, bytes, done }) => [seq, bytes.length, done])).toEqual([
      [1, 1, false],
      [2, 1024 * 1024, false],
      [3, 1024 * 1024, false],
      [4, 1, false],
      [5, 0, true],
    ])
    expect(ledger.outstanding()).toEqual({})
  })

  test('waits for room, piece by piece', async () => {
    const outlet = new FakeOutlet(1)
    const { stream: streamed } = stream(chunksOf('a', 'b', 'c'))
    const over = streamed.deliver(outlet)
    await nextTurn()
    expect(outlet.delivered).toHaveLength(1)
    outlet.makeRoom(1)
    await nextTurn()
    expect(outlet.delivered).toHaveLength(2)
    // Somebody else was faster.
    outlet.makeRoom(0)
    await nextTurn()
    expect(outlet.delivered).toHaveLength(2)
    outlet.makeRoom(1)
    await over
    expect(outlet.delivered.at(-1)).toMatchObject({ seq: 4, done: true, error: null })
    expect(outlet.waiters.size).toBe(0)
  })

  test('that fails says why', async () => {
    const outlet = new FakeOutlet(Infinity)
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('a')
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' })
    }
    await stream(broken()).stream.deliver(outlet)
    expect(outlet.delivered.at(-1)).toMatchObject({
      seq: 2,
      done: true,
      error: 'failed to read http/request response body: connection reset by the peer',
    })
  })

  test('that waits for room ends at its deadline', async () => {
    const outlet = new FakeOutlet(0)
    const { stream: streamed, ledger } = stream(chunksOf('a'), { timeoutMs: 5 })
    await streamed.deliver(outlet)
    expect(outlet.delivered).toMatchObject([
      { seq: 1, done: true, error: 'failed to read http/request response body: operation timed out' },
    ])
    expect(outlet.waiters.size).toBe(0)
    expect(ledger.outstanding()).toEqual({})
  })

  test('ends without a word when its connection has gone', async () => {
    const outlet = new FakeOutlet(0)
    const { stream: streamed, connection, ledger } = stream(chunksOf('a'))
    const over = streamed.deliver(outlet)
    await nextTurn()
    connection.abort(new Error('gone'))
    expect(ledger.outstanding()).toEqual({})
    await over
    expect(outlet.delivered).toEqual([])
    expect(outlet.waiters.size).toBe(0)
  })
})
