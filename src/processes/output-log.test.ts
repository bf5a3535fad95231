import { describe, expect, it } from 'vitest'
import { fakeLog, summaryOf } from '../../test/support/fake-log.ts'
import { outputChunkBytes } from '../protocol/limits.ts'
import type { Receipt } from '../protocol/process-schemas.ts'

const receipt: Receipt = {
  cause: 'exit',
  signal: null,
  wallMs: 1,
  cpuMs: null,
  peakMemoryBytes: null,
  outputBytes: { stdout: 0, stderr: 0, pty: 0 },
  evictedBytes: 0,
}

const textsOf = (events: readonly object[]) =>
  events.flatMap(event => ('bytes' in event ? [event.bytes] : [])).map(String)

describe('numbers', () => {
  it('count output of all streams, the exit and the close, from 1 and without gaps', () => {
    const { log, delivery } = fakeLog()
    expect(log.nextSeq).toBe(1)
    log.append('stdout', Buffer.from('a'))
    log.append('stderr', Buffer.from('b'))
    log.recordExit(7, receipt)
    log.append('stdout', Buffer.from('late'))
    log.recordClosed()
    expect(delivery.summary).toEqual(['1 stdout a', '2 stderr b', '3 exited 7', '4 stdout late', '5 closed'])
    expect(log.nextSeq).toBe(6)
  })

  it('are taken while nobody is attached, too', () => {
    const { log, delivery } = fakeLog({ isDetached: true })
    log.append('stdout', Buffer.from('a'))
    log.recordExit(0, receipt)
    log.attach(delivery)
    log.recordClosed()
    expect(delivery.summary).toEqual(['3 closed'])
    expect(log.page(0, undefined)).toMatchObject({ chunks: [{ seq: 1 }], nextSeq: 4 })
  })

  it('are not taken by output that is held back', () => {
    const { log, delivery } = fakeLog()
    delivery.hasRoom = false
    log.append('stdout', Buffer.alloc(3 * outputChunkBytes))
    expect(log.nextSeq).toBe(1)
    expect(log.hasPending).toBe(true)
    expect(log.retainedBytes).toBe(3 * outputChunkBytes)
    log.awaitRoom()
    delivery.makeRoom()
    expect(log.nextSeq).toBe(4)
    expect(log.hasPending).toBe(false)
  })
})

describe('output that was held back', () => {
  it.each([
    ['only one chunk', 1, 2],
    ['everything', 10, 4],
  ])('is numbered as far as there is room: for %s', (_, room, nextSeq) => {
    const { log, delivery } = fakeLog()
    delivery.hasRoom = false
    log.append('stdout', Buffer.alloc(2 * outputChunkBytes + 1))
    Object.defineProperty(delivery, 'hasRoom', { get: () => delivery.events.length < room })
    log.sealWithinRoom()
    expect(log.nextSeq).toBe(nextSeq)
    expect(log.retainedBytes).toBe(2 * outputChunkBytes + 1)
    log.seal()
    expect(log.nextSeq).toBe(4)
  })
})

describe('an exit', () => {
  it('tells its receipt where there is one', () => {
    const told = fakeLog()
    told.log.recordExit(0, receipt)
    expect(told.delivery.events).toEqual([
      { type: 'exited', processId: 'p', seq: 1, exitCode: 0, sandboxDenied: false, receipt },
    ])
    const untold = fakeLog()
    untold.log.recordExit(0, undefined)
    expect(untold.delivery.events[0]).not.toHaveProperty('receipt')
  })
})

describe('merging', () => {
  it('joins what is adjacent in one stream', () => {
    const { log, delivery } = fakeLog()
    for (const text of ['a', 'b', 'c']) log.append('stdout', Buffer.from(text))
    log.append('stderr', Buffer.from('d'))
    log.append('stdout', Buffer.from('e'))
    log.append('stdout', Buffer.from('f'))
    expect(delivery.summary).toEqual(['1 stdout abc', '2 stderr d'])
    log.seal()
    expect(delivery.summary).toEqual(['1 stdout abc', '2 stderr d', '3 stdout ef'])
    log.seal()
    expect(log.nextSeq).toBe(4)
  })

  it('numbers full chunks at once and keeps the rest for what follows', () => {
    const { log, delivery } = fakeLog()
    log.append('stdout', Buffer.alloc(outputChunkBytes, 'a'))
    expect(textsOf(delivery.events)).toEqual(['a'.repeat(outputChunkBytes)])
    log.append('stdout', Buffer.alloc(outputChunkBytes - 1, 'b'))
    expect(log.nextSeq).toBe(2)
    log.append('stdout', Buffer.alloc(outputChunkBytes + 2, 'c'))
    expect(log.nextSeq).toBe(4)
    log.append('stdout', Buffer.from('d'))
    log.seal()
    expect(textsOf(delivery.events).slice(1)).toEqual([
      `${'b'.repeat(outputChunkBytes - 1)}c`,
      'c'.repeat(outputChunkBytes),
      'cd',
    ])
  })

  it('makes no chunk longer than a notification may carry, however much there is', () => {
    const { log, delivery } = fakeLog()
    delivery.hasRoom = false
    for (let count = 0; count < 40; count++) log.append('stdout', Buffer.alloc(10_000, 'x'))
    log.seal()
    const lengths = textsOf(delivery.events).map(({ length }) => length)
    expect(Math.max(...lengths)).toBe(outputChunkBytes)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(400_000)
    expect(outputChunkBytes).toBeLessThanOrEqual(64 * 1024)
  })

  it.each([1, outputChunkBytes])('copies the %i bytes it is lent', length => {
    const { log } = fakeLog()
    const lent = Buffer.alloc(length, 'a')
    log.append('stdout', lent)
    lent.fill('z')
    expect(summaryOf(log.page(0, undefined).chunks)).toEqual([`1 stdout ${'a'.repeat(length)}`])
  })
})

describe('a page', () => {
  const logOf = (...texts: string[]) => {
    const made = fakeLog()
    for (const text of texts) {
      made.log.append('stdout', Buffer.from(text))
      made.log.seal()
    }
    return made.log
  }

  it('without a budget tells the next number, whatever the cursor', () => {
    const log = logOf('abc', 'def', 'ghi')
    log.recordExit(0, undefined)
    expect(log.page(0, undefined).nextSeq).toBe(5)
    expect(summaryOf(log.page(2, undefined).chunks)).toEqual(['3 stdout ghi'])
    expect(log.page(2, undefined).nextSeq).toBe(5)
    expect(log.page(2 ** 53, undefined)).toEqual({ chunks: [], nextSeq: 5 })
  })

  it('with a budget tells where to read on, until an empty one jumps to the next number', () => {
    const log = logOf('abc', 'def', 'ghi')
    log.recordExit(0, undefined)
    log.recordClosed()
    expect(log.page(0, 6)).toMatchObject({ chunks: [{ seq: 1 }, { seq: 2 }], nextSeq: 3 })
    expect(log.page(2, 1)).toMatchObject({ chunks: [{ seq: 3 }], nextSeq: 4 })
    expect(log.page(3, 1)).toEqual({ chunks: [], nextSeq: 6 })
  })

  it.each([0, 1, 3, 5])('always holds a chunk if there is one: with a budget of %i bytes', maxBytes => {
    expect(logOf('abc', 'def').page(0, maxBytes)).toMatchObject({ chunks: [{ seq: 1 }], nextSeq: 2 })
  })

  it('holds what waits to be numbered', () => {
    const { log, delivery } = fakeLog()
    log.append('stderr', Buffer.from('a'))
    expect(log.hasOutputAfter(5)).toBe(true)
    expect(summaryOf(log.page(0, undefined).chunks)).toEqual(['1 stderr a'])
    expect(delivery.summary).toEqual(['1 stderr a'])
    expect(log.hasOutputAfter(0)).toBe(true)
    expect(log.hasOutputAfter(1)).toBe(false)
  })
})

it('is empty once disposed, waits for nobody and sends nothing', () => {
  const { log, delivery } = fakeLog()
  delivery.hasRoom = false
  log.append('stdout', Buffer.from('a'))
  log.seal()
  log.append('stdout', Buffer.from('b'))
  log.awaitRoom()
  log[Symbol.dispose]()
  expect(log.retainedBytes).toBe(0)
  expect(delivery.inLine.size).toBe(0)
  log.recordClosed()
  expect(delivery.summary).toEqual(['1 stdout a'])
})
