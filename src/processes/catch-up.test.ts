import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { fakeHost, launchOf } from '../../test/support/fake-host.ts'
import { nobody } from '../../test/support/fake-start.ts'
import { outputChunkBytes, retainedOutputBytes } from '../protocol/limits.ts'
import { ProcessTable } from './process-table.ts'

const idle = new AbortController().signal
const fromStart = { afterSeq: 0, maxBytes: undefined, waitMs: 0 }
const chunk = 'x'.repeat(outputChunkBytes)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client that comes back to processes that have said more than is kept for one that is there. */
async function comeBack(ids: readonly string[]) {
  const host = fakeHost()
  const table = new ProcessTable(host)
  table.attach(new FakeDelivery())
  const start = (id: string) => {
    void table.start(id, launchOf('program'), nobody)
    return host.engine.child
  }
  const children = ids.map(start)
  table.detach()
  for (const child of children) {
    for (let bytes = 0; bytes < 2 * retainedOutputBytes; bytes += chunk.length) child.says(chunk)
  }
  await turnOfTheLoop()
  const delivery = new FakeDelivery()
  table.attach(delivery)
  const other = start('other')
  /** Whatever is sent, as replies are. */
  const send = async () => {
    other.says('.')
    await turnOfTheLoop()
  }
  const read = (id: string) => table.read(id, fromStart, idle)
  return { host, table, delivery, send, read }
}

it('waits for a client that reads one process after the other, however long each takes to arrive', async () => {
  const { table, delivery, send, read } = await comeBack(['p', 'q', 'r'])
  for (const id of ['p', 'q', 'r']) {
    expect(read(id)).not.toHaveProperty('firstRetainedSeq')
    await send()
    await vi.advanceTimersByTimeAsync(25_000)
    await send()
    delivery.acknowledge()
    await vi.advanceTimersByTimeAsync(9000)
    await send()
    delivery.acknowledge()
  }
  await table.end(0)
})

it('waits no longer for a client that reads nothing for ten seconds', async () => {
  const { host, table, delivery, send, read } = await comeBack(['p', 'q'])
  read('p')
  await send()
  delivery.acknowledge()
  await vi.advanceTimersByTimeAsync(10_000)
  await send()
  delivery.acknowledge()
  expect(read('q')).toHaveProperty('firstRetainedSeq')
  await table.end(0)
  expect(host.ledger.outstanding()).toEqual({})
})

it('waits no longer for a client that confirms nothing', async () => {
  const { table, delivery, send, read } = await comeBack(['p'])
  await vi.advanceTimersByTimeAsync(60_000)
  delivery.isConfirming = false
  delivery.acknowledge(0)
  await vi.advanceTimersByTimeAsync(10_000)
  await send()
  delivery.acknowledge()
  expect(read('p')).toHaveProperty('firstRetainedSeq')
  await table.end(0)
})
