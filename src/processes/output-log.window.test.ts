import { describe, expect, it } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { type FakeLog, fakeLog, summaryOf } from '../../test/support/fake-log.ts'
import { outputChunkBytes, retainedOutputBytes, retainedOutputChunks } from '../protocol/limits.ts'

const chunk = Buffer.alloc(outputChunkBytes, 'x')
/** How many full chunks the window holds by rule. */
const windowChunks = Math.floor(retainedOutputBytes / outputChunkBytes)

function say({ log }: FakeLog, count: number, bytes = chunk): void {
  for (let said = 0; said < count; said++) {
    log.append('stdout', bytes)
    log.seal()
  }
}

const oldestOf = ({ log }: FakeLog) => log.page(0, 1).chunks[0]?.seq

describe('the window of a client that confirms', () => {
  it('holds a mebibyte, and loses the oldest beyond that', () => {
    const made = fakeLog()
    made.delivery.acknowledgedMark = Infinity
    say(made, windowChunks)
    expect(oldestOf(made)).toBe(1)
    say(made, 1)
    expect(oldestOf(made)).toBe(2)
    expect(made.log.retainedBytes).toBe(windowChunks * outputChunkBytes)
    expect(made.losses.evictedBytes).toBe(outputChunkBytes)
  })

  it('holds fifty thousand chunks, and loses the oldest beyond that', () => {
    const made = fakeLog()
    made.delivery.acknowledgedMark = Infinity
    say(made, retainedOutputChunks, Buffer.from('x'))
    expect(oldestOf(made)).toBe(1)
    say(made, 1, Buffer.from('x'))
    expect(oldestOf(made)).toBe(2)
    expect(made.log.page(0, undefined).chunks).toHaveLength(retainedOutputChunks)
  })

  it('keeps what was not confirmed, and only that, until it is', () => {
    const made = fakeLog()
    say(made, windowChunks + 5)
    expect(oldestOf(made)).toBe(1)
    expect(made.log.isFull).toBe(false)
    made.delivery.acknowledge(2)
    expect(oldestOf(made)).toBe(3)
    expect(made.delivery.unconfirmed.size).toBe(1)
    made.delivery.acknowledge()
    expect(oldestOf(made)).toBe(6)
    expect(made.delivery.unconfirmed.size).toBe(0)
  })

  it('holds the process back when what was not confirmed fills it', () => {
    const made = fakeLog({ detachedOutputBytes: 2 * retainedOutputBytes })
    while (!made.log.isFull) say(made, 1)
    const held = made.log.retainedBytes
    expect(held).toBeGreaterThan(2 * retainedOutputBytes - 2 * outputChunkBytes)
    expect(held).toBeLessThanOrEqual(2 * retainedOutputBytes + outputChunkBytes)
    expect(oldestOf(made)).toBe(1)
    made.delivery.acknowledge()
    expect(made.log.isFull).toBe(false)
  })

  it('tells readers that come too late, and only those, from those that do not', () => {
    const made = fakeLog()
    made.delivery.acknowledgedMark = Infinity
    say(made, windowChunks + 3)
    made.log.page(3, undefined)
    expect(made.losses.gaps).toBe(0)
    made.log.page(2, undefined)
    expect(made.losses.gaps).toBe(1)
  })
})

it('loses the oldest for a peer that confirms nothing rather than hold its process back', () => {
  const made = fakeLog({ detachedOutputBytes: 2 * retainedOutputBytes })
  made.delivery.isConfirming = false
  say(made, windowChunks + 5)
  expect(oldestOf(made)).toBe(1)
  say(made, 10 * windowChunks)
  expect(made.log.isFull).toBe(false)
  expect(made.losses.evictedBytes).toBeGreaterThan(0)
  expect(made.log.retainedBytes).toBeGreaterThan(retainedOutputBytes)
  expect(made.log.retainedBytes).toBeLessThanOrEqual(2 * retainedOutputBytes)
})

describe('while nobody is attached', () => {
  it('nothing is lost, and the process is held back when the window is full', () => {
    const made = fakeLog({ detachedOutputBytes: 2 * retainedOutputBytes })
    say(made, windowChunks)
    made.delivery.acknowledge()
    made.log.detach()
    while (!made.log.isFull) say(made, 1)
    expect(made.log.retainedBytes).toBeGreaterThan(2 * retainedOutputBytes - 2 * outputChunkBytes)
    expect(oldestOf(made)).toBe(1)
    expect(made.losses.evictedBytes).toBe(0)
  })

  it('many small chunks fill the window, too', () => {
    const made = fakeLog({ detachedOutputBytes: 2 * retainedOutputBytes, isDetached: true })
    while (!made.log.isFull) say(made, 1, Buffer.from('x'))
    const reply = JSON.stringify(made.log.page(0, undefined))
    expect(reply.length).toBeLessThan(2 * retainedOutputBytes * 1.4)
  })

  it('a reader does not make the log lose anything', () => {
    const made = fakeLog({ isDetached: true })
    say(made, windowChunks + 5)
    made.log.page(0, undefined)
    made.log.release()
    expect(oldestOf(made)).toBe(1)
  })

  it('nobody is called back', () => {
    const { log, delivery } = fakeLog()
    delivery.hasRoom = false
    log.awaitRoom()
    log.detach()
    expect(delivery.inLine.size).toBe(0)
    expect(log.isAttached).toBe(false)
    log.awaitRoom()
    expect(delivery.inLine.size).toBe(0)
  })
})

describe('a client that comes back', () => {
  const returned = (chunks = windowChunks + 5) => {
    const made = fakeLog()
    made.log.detach()
    say(made, chunks)
    const delivery = new FakeDelivery()
    made.log.attach(delivery)
    return { ...made, delivery }
  }

  it('is sent only what came after it, what was waiting to be numbered not included', () => {
    const { log, delivery } = fakeLog()
    log.detach()
    log.append('stdout', Buffer.from('missed'))
    log.attach(delivery)
    log.append('stdout', Buffer.from('new'))
    log.seal()
    expect(delivery.summary).toEqual(['2 stdout new'])
    expect(summaryOf(log.page(0, undefined).chunks)).toEqual(['1 stdout missed', '2 stdout new'])
  })

  it('has missed nothing until it has read to the end, page by page', () => {
    const made = returned()
    made.delivery.acknowledgedMark = Infinity
    let afterSeq = 0
    while (afterSeq < windowChunks + 4) {
      afterSeq = made.log.page(afterSeq, outputChunkBytes).nextSeq - 1
      expect(made.losses.evictedBytes).toBe(0)
    }
    made.log.page(afterSeq, outputChunkBytes)
    expect(made.losses.evictedBytes).toBe(5 * outputChunkBytes)
  })

  it('has the reply with what it missed only once it has confirmed that', () => {
    const made = returned()
    made.log.page(0, undefined)
    expect(made.losses.evictedBytes).toBe(0)
    say(made, 1)
    made.delivery.acknowledge(0)
    expect(made.losses.evictedBytes).toBe(0)
    made.delivery.acknowledge(1)
    expect(made.losses.evictedBytes).toBe(6 * outputChunkBytes)
  })

  it('loses the oldest like everybody when it does not care to read', () => {
    const made = returned()
    made.delivery.acknowledgedMark = Infinity
    made.log.release()
    expect(made.losses.evictedBytes).toBe(5 * outputChunkBytes)
  })

  it('is not sent more than it can keep before it has read', () => {
    const bytes = returned(1)
    while (!bytes.log.isFull) say(bytes, 1)
    expect(bytes.log.nextSeq).toBeLessThan(2 + 256 / 8)
    const events = returned(1)
    while (!events.log.isFull) say(events, 1, Buffer.from('x'))
    expect(events.delivery.events.length).toBeGreaterThan(1)
    expect(events.delivery.events.length).toBeLessThan(256)
    events.log.page(0, undefined)
    expect(events.log.isFull).toBe(false)
  })

  it('is not sent more than it can keep when it tries several times before it has read', () => {
    const made = returned(1)
    let sent = 0
    for (let attempt = 0; attempt < 8; attempt++) {
      const delivery = new FakeDelivery()
      made.log.detach()
      made.log.attach(delivery)
      while (!made.log.isFull) say(made, 1)
      // The reply does not arrive.
      made.log.page(0, undefined)
      sent += delivery.events.length
    }
    expect(sent).toBeGreaterThan(1)
    expect(sent * outputChunkBytes).toBeLessThan(1024 * 1024)
  })

  it('can keep as much as before once it has read', () => {
    const made = returned(1)
    const sentAhead = () => {
      const delivery = new FakeDelivery()
      made.log.attach(delivery)
      while (!made.log.isFull) say(made, 1)
      const sent = delivery.events.length
      made.log.page(0, undefined)
      delivery.acknowledge(delivery.mark + 1)
      made.log.detach()
      return sent
    }
    made.log.detach()
    const first = sentAhead()
    expect(first).toBeGreaterThan(1)
    expect(sentAhead()).toBe(first)
  })

  it('may leave again before it has read: then nothing is lost still', () => {
    const made = returned()
    made.log.page(0, outputChunkBytes)
    made.log.detach()
    const delivery = new FakeDelivery()
    delivery.acknowledgedMark = Infinity
    made.log.attach(delivery)
    say(made, 1)
    expect(oldestOf(made)).toBe(1)
    expect(made.losses.evictedBytes).toBe(0)
  })
})
