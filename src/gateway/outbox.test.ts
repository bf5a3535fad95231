import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeTransport } from '../../test/support/fake-transport.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import type { ProcessEvent, Waiter } from '../processes/delivery.ts'
import { ConnectionMetrics } from './connection-metrics.ts'
import { Outbox } from './outbox.ts'

const roomBytes = 1000
const stepBytes = 256 * 1024

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function outboxOver(transport = new FakeTransport()) {
  const ledger = new Ledger()
  const metrics = new ConnectionMetrics()
  const outbox = new Outbox(transport, new Timers(ledger), roomBytes, metrics)
  return { outbox, transport, ledger, metrics }
}

/** Writes down what it is told. */
function listener(name: string, told: string[], onRoom = () => {}): Waiter {
  return {
    roomMade: () => {
      told.push(`${name}: room`)
      onRoom()
    },
    acknowledged: () => told.push(`${name}: acknowledged`),
  }
}

const output = (bytes: number, seq = 1): ProcessEvent => ({
  type: 'output',
  processId: 'p',
  seq,
  stream: 'stdout',
  bytes: Buffer.alloc(bytes, 'x'),
})

describe('an event on the wire', () => {
  it('is a notification of the protocol', () => {
    const { outbox, transport } = outboxOver()
    outbox.deliver({ ...output(3, 7), processId: 'a "b"\n' })
    outbox.deliver({ type: 'exited', processId: 'p', seq: 8, exitCode: 3, sandboxDenied: false })
    outbox.deliver({ type: 'closed', processId: 'p', seq: 9 })
    expect(transport.sent.map(text => JSON.parse(text) as unknown)).toEqual([
      { method: 'process/output', params: { processId: 'a "b"\n', seq: 7, stream: 'stdout', chunk: 'eHh4' } },
      { method: 'process/exited', params: { processId: 'p', seq: 8, exitCode: 3, sandboxDenied: false } },
      { method: 'process/closed', params: { processId: 'p', seq: 9 } },
    ])
  })

  it('has the mark of what was sent before it', () => {
    const { outbox, transport } = outboxOver()
    expect(outbox.deliver(output(10))).toBe(0)
    expect(outbox.deliver(output(10))).toBe(transport.sent[0]?.length)
    expect(outbox.mark).toBe(transport.sent.join('').length)
  })
})

describe('room', () => {
  it('is there while little is queued', () => {
    const { outbox, transport } = outboxOver()
    expect(outbox.hasRoom).toBe(true)
    transport.queuedBytes = roomBytes
    expect(outbox.hasRoom).toBe(false)
  })

  it('is given in turn to those in line, until it is used up', () => {
    const { outbox, transport } = outboxOver()
    const told: string[] = []
    transport.queuedBytes = roomBytes
    const fill = () => (transport.queuedBytes = roomBytes)
    for (const name of ['first', 'second', 'third']) outbox.awaitRoom(listener(name, told, fill))
    transport.queuedBytes = 0
    outbox.drained()
    expect(told).toEqual(['first: room'])
    transport.queuedBytes = 0
    outbox.drained()
    expect(told).toEqual(['first: room', 'second: room'])
  })

  it('is not offered to somebody who has withdrawn', () => {
    const { outbox } = outboxOver()
    const told: string[] = []
    const waiter = listener('gone', told)
    outbox.awaitRoom(waiter)
    outbox.awaitAcknowledgement(waiter)
    outbox.forget(waiter)
    outbox.drained()
    outbox.requestConfirmation()
    outbox.confirmed(0)
    expect(told).toEqual([])
  })

  it('is gone while too much is unconfirmed, and back with the confirmation', () => {
    const { outbox, transport } = outboxOver()
    const told: string[] = []
    while (outbox.hasRoom) outbox.deliver(output(100_000))
    expect(outbox.mark).toBeGreaterThanOrEqual(4 * 1024 * 1024)
    outbox.awaitRoom(listener('p', told))
    outbox.drained()
    expect(told).toEqual([])
    outbox.confirmed(transport.marks.at(-1) ?? Number.NaN)
    expect(told).toEqual(['p: room'])
    expect(outbox.hasRoom).toBe(true)
  })
})

describe('confirmation', () => {
  it('is asked for every 256 KiB', () => {
    const { outbox, transport } = outboxOver()
    for (let sent = 0; sent < 12; sent++) outbox.deliver(output(48 * 1024, sent))
    expect(transport.marks).toHaveLength(3)
    expect(transport.marks[0]).toBeGreaterThanOrEqual(stepBytes)
  })

  it('counts for what was asked about, and not for more', () => {
    const { outbox } = outboxOver()
    outbox.send('x'.repeat(100))
    outbox.requestConfirmation()
    outbox.send('x'.repeat(100))
    for (const forged of [150, Number.NaN, Infinity, -1, 0.5]) outbox.confirmed(forged)
    expect(outbox.acknowledgedMark).toBe(0)
    outbox.confirmed(100)
    expect(outbox.acknowledgedMark).toBe(100)
    outbox.confirmed(50)
    expect(outbox.acknowledgedMark).toBe(100)
  })

  it('is asked for at once when somebody waits for what no request covers', () => {
    const { outbox, transport } = outboxOver()
    const told: string[] = []
    outbox.send('x'.repeat(100))
    outbox.requestConfirmation()
    outbox.send('x'.repeat(100))
    outbox.awaitAcknowledgement({ ...listener('p', told), acknowledged: () => outbox.awaitAcknowledgement(again) })
    const again = listener('again', told)
    outbox.confirmed(100)
    expect(transport.marks).toEqual([100, 200])
    outbox.confirmed(200)
    expect(told).toEqual(['again: acknowledged'])
  })

  it('is asked for at once by who waits for the last thing that was sent', () => {
    const { outbox, transport } = outboxOver()
    outbox.send('x'.repeat(100))
    expect(transport.marks).toEqual([])
    outbox.awaitAcknowledgement(listener('p', []))
    outbox.awaitAcknowledgement(listener('q', []))
    expect(transport.marks).toEqual([100])
  })

  it('is no longer waited for from a peer that has never given any', () => {
    const { outbox, ledger } = outboxOver()
    const told: string[] = []
    while (outbox.hasRoom) outbox.deliver(output(100_000))
    outbox.awaitRoom(listener('p', told))
    expect(outbox.isConfirming).toBe(true)
    vi.advanceTimersByTime(2000)
    expect(outbox.isConfirming).toBe(false)
    expect(told).toEqual(['p: room'])
    expect(ledger.outstanding()).toEqual({})
  })

  it('is waited for again when it comes late', () => {
    const { outbox } = outboxOver()
    outbox.send('x')
    outbox.requestConfirmation()
    vi.advanceTimersByTime(2000)
    outbox.confirmed(1)
    expect(outbox.isConfirming).toBe(true)
    vi.advanceTimersByTime(10_000)
    expect(outbox.isConfirming).toBe(true)
  })

  it('takes the time from its own request, also when it confirms nothing new', () => {
    const { outbox, metrics } = outboxOver()
    const ponged = vi.spyOn(metrics, 'ponged')
    const roundTrip = (bytes: number, mark: number) => {
      if (bytes > 0) outbox.send('x'.repeat(bytes))
      outbox.requestConfirmation()
      vi.advanceTimersByTime(5)
      outbox.confirmed(mark)
      vi.advanceTimersByTime(60_000)
    }
    roundTrip(0, 0)
    roundTrip(100, 100)
    roundTrip(0, 100)
    roundTrip(100, 200)
    expect(ponged.mock.calls).toEqual([[5], [5], [5], [5]])
  })

  it('is not needed on standard output', () => {
    const { outbox } = outboxOver(new FakeTransport('stdio'))
    for (let sent = 0; sent < 100; sent++) outbox.deliver(output(100_000))
    expect(outbox.acknowledgedMark).toBe(Infinity)
    vi.advanceTimersByTime(2000)
    expect(outbox.hasRoom).toBe(true)
  })

  it('leaves no timer behind', () => {
    const { outbox, ledger } = outboxOver()
    outbox.requestConfirmation()
    expect(ledger.active('timer')).toBe(1)
    outbox[Symbol.dispose]()
    expect(ledger.outstanding()).toEqual({})
  })
})
