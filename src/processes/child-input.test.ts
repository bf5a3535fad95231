import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import { SlowWriter } from '../../test/support/slow-writer.ts'
import { ChildInput, maxQueuedWrites } from './child-input.ts'

const neverAborted = new AbortController().signal

function inputOf(limitBytes: number, waitingBytes = Infinity) {
  const writer = new SlowWriter()
  const close = vi.fn(() => {
    writer.destroy()
  })
  const waiting = new ByteAllowance(waitingBytes, held => new RangeError(`${held} wait`))
  const input = new ChildInput({ writer, close }, limitBytes, waiting)
  return {
    input,
    writer,
    close,
    write: (text: string, signal = neverAborted) => input.write(Buffer.from(text), signal),
  }
}

/** Tells what has been answered so far, without waiting for it. */
function watched<Value>(answer: Value | Promise<Value>): { value: Value | 'none'; readonly settled: Promise<void> } {
  const watch = { value: 'none' as Value | 'none', settled: Promise.resolve() }
  watch.settled = Promise.resolve(answer).then(
    value => {
      watch.value = value
    },
    () => {},
  )
  return watch
}

describe('a write', () => {
  test('is accepted at once while the queue has room for it', () => {
    const { input, writer, write } = inputOf(10)
    expect(write('12345')).toBe('accepted')
    expect(write('67890')).toBe('accepted')
    expect(input.queuedBytes).toBe(10)
    writer.takeAll()
    expect(writer.taken).toEqual(['12345', '67890'])
    expect(input.queuedBytes).toBe(0)
  })

  test('waits behind many that are short', async () => {
    const { input, writer, write } = inputOf(1_000_000)
    for (let count = 0; count < maxQueuedWrites; count += 1) expect(write('x')).toBe('accepted')
    const waiting = watched(write('y'))
    await Promise.resolve()
    expect([waiting.value, input.queuedBytes]).toEqual(['none', maxQueuedWrites])
    writer.take()
    await waiting.settled
    expect(waiting.value).toBe('accepted')
    writer.takeAll()
    expect(writer.taken.join('')).toBe(`${'x'.repeat(maxQueuedWrites)}y`)
  })

  test('frees the memory of what the stream has taken, and not before', () => {
    const { input, writer } = inputOf(1_000_000)
    const [first, second] = [Buffer.alloc(100_000, 'x'), Buffer.alloc(100_000, 'y')]
    void input.write(first, neverAborted)
    void input.write(second, neverAborted)
    expect([first.length, second.length]).toEqual([100_000, 100_000])
    writer.take()
    expect([first.length, second.length]).toEqual([0, 100_000])
    writer.takeAll()
    expect(second).toHaveLength(0)
    expect(writer.taken.map(text => text.length)).toEqual([100_000, 100_000])
  })

  test('leaves the memory alone of what the stream has failed to take', async () => {
    const { input, writer } = inputOf(1_000_000)
    const writes = [Buffer.alloc(100_000, 'x'), Buffer.alloc(100_000, 'y')]
    for (const bytes of writes) void input.write(bytes, neverAborted)
    writer.destroy(new Error('gone'))
    // The first one was under way, and the second fails once it is over.
    writer.take()
    await new Promise(resolve => setImmediate(resolve))
    expect(writes.map(({ length }) => length)).toEqual([0, 100_000])
  })

  test('waits while the queue is full', async () => {
    const { writer, write } = inputOf(10)
    write('123456')
    const waiting = watched(write('78901'))
    await Promise.resolve()
    expect(waiting.value).toBe('none')
    writer.take()
    await waiting.settled
    expect(waiting.value).toBe('accepted')
    writer.takeAll()
    expect(writer.taken).toEqual(['123456', '78901'])
  })

  test('larger than the queue is taken once the queue is empty', async () => {
    const { input, writer, write } = inputOf(4)
    expect(write('more than four')).toBe('accepted')
    const next = watched(write('even more than before'))
    writer.take()
    await next.settled
    expect(input.queuedBytes).toBe(21)
  })

  test('of nothing is accepted without being written', () => {
    const { input, write } = inputOf(10)
    expect(write('')).toBe('accepted')
    expect(input.queuedBytes).toBe(0)
  })

  test('never overtakes one that waits, even if it would fit', async () => {
    const { writer, write } = inputOf(10)
    write('12345678')
    const large = watched(write('too large'))
    const small = watched(write('s'))
    await Promise.resolve()
    expect(small.value).toBe('none')
    writer.takeAll()
    await Promise.all([large.settled, small.settled])
    writer.takeAll()
    expect(writer.taken.join('')).toBe('12345678too larges')
  })
})

describe('an aborted write', () => {
  test('rejects with the reason and writes nothing', async () => {
    const { writer, write } = inputOf(10)
    const abort = new AbortController()
    write('1234567890')
    const waiting = write('never', abort.signal)
    abort.abort(new Error('the connection has ended'))
    await expect(waiting).rejects.toThrow('the connection has ended')
    writer.takeAll()
    expect(writer.taken).toEqual(['1234567890'])
  })

  test('lets those behind it pass', async () => {
    const { write } = inputOf(10)
    const abort = new AbortController()
    write('12345678')
    const large = write('too large', abort.signal)
    const small = watched(write('s'))
    abort.abort(new Error('gone'))
    await expect(large).rejects.toThrow('gone')
    await small.settled
    expect(small.value).toBe('accepted')
  })

  test('takes along those behind it that the same signal aborts', async () => {
    const { input, writer, write } = inputOf(10)
    const abort = new AbortController()
    write('12345678')
    const waits = [
      write('too large', abort.signal),
      write('s', abort.signal),
      input.writeLast(Buffer.alloc(0), abort.signal),
    ]
    abort.abort(new Error('gone'))
    expect((await Promise.allSettled(waits)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    writer.takeAll()
    expect(writer.taken.join('')).toBe('12345678')
    expect(input.isOpen).toBe(true)
  })

  test('that has been accepted meanwhile stays accepted, and leaves no listener', async () => {
    const { writer, write } = inputOf(10)
    const abort = new AbortController()
    using removed = vi.spyOn(abort.signal, 'removeEventListener')
    write('1234567890')
    const waiting = write('next', abort.signal)
    writer.take()
    abort.abort(new Error('late'))
    expect(await waiting).toBe('accepted')
    expect(removed).toHaveBeenCalledOnce()
  })

  test('rejects even when the signal was aborted before it had to wait', async () => {
    const { write } = inputOf(10)
    write('1234567890')
    await expect(write('never', AbortSignal.abort(new Error('gone before')))).rejects.toThrow('gone before')
  })
})

describe('a closed input', () => {
  test('answers closed to those that wait and to all that come', async () => {
    const { input, writer, close, write } = inputOf(10)
    write('1234567890')
    const waits = [write('a'), write('b')]
    input[Symbol.dispose]()
    expect(await Promise.all(waits)).toEqual(['closed', 'closed'])
    expect(write('c')).toBe('closed')
    expect(input.isOpen).toBe(false)
    expect(close).toHaveBeenCalledOnce()
    expect(writer.taken).toEqual([])
  })

  test('is what remains when the reader is gone', async () => {
    const { input, writer, write } = inputOf(10)
    write('1234567890')
    const waiting = write('a')
    writer.destroy(new Error('write EPIPE'))
    expect(await waiting).toBe('closed')
    expect(input.isOpen).toBe(false)
    expect(write('b')).toBe('closed')
  })

  test('is closed by a last write, once everything before it is written', async () => {
    const { input, writer, write } = inputOf(10)
    const finished = vi.fn()
    writer.on('finish', finished)
    write('1234567890')
    const last = input.writeLast(Buffer.from('last'), neverAborted)
    writer.take()
    expect(await last).toBe('accepted')
    expect(write('more')).toBe('closed')
    expect(finished).not.toHaveBeenCalled()
    writer.takeAll()
    await vi.waitFor(() => {
      expect(finished).toHaveBeenCalled()
    })
    expect(writer.taken).toEqual(['1234567890', 'last'])
  })

  test('takes nothing that waits behind the last write', async () => {
    const { input, writer, write } = inputOf(10)
    write('1234567890')
    const last = input.writeLast(Buffer.from('last'), neverAborted)
    const behind = write('behind')
    writer.take()
    expect(await last).toBe('accepted')
    expect(await behind).toBe('closed')
    writer.takeAll()
    expect(writer.taken).toEqual(['1234567890', 'last'])
  })

  test('may be closed again', () => {
    const { input, write } = inputOf(10)
    input[Symbol.dispose]()
    input[Symbol.dispose]()
    expect(write('a')).toBe('closed')
  })
})

test('whatever is written, taken and aborted, bytes arrive in order, and the queue keeps its bound', async () => {
  const limitBytes = 20
  const step = fc.oneof(
    fc.record({ writes: fc.nat(30) }),
    fc.constant('take' as const),
    fc.record({ aborts: fc.nat(10) }),
    fc.constant('turn' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { input, writer, write } = inputOf(limitBytes)
      const writes: { text: string; abort: AbortController; status: string }[] = []
      const answers: Promise<void>[] = []
      let largest = 0
      for (const step of steps) {
        if (step === 'take') {
          if (input.queuedBytes > 0) writer.take()
        } else if (step === 'turn') {
          await Promise.resolve()
        } else if ('aborts' in step) {
          writes.at(-1 - step.aborts)?.abort.abort(new Error('aborted'))
        } else {
          const written = {
            text: `${writes.length},`.repeat(step.writes).slice(0, step.writes),
            abort: new AbortController(),
            status: 'none',
          }
          writes.push(written)
          largest = Math.max(largest, step.writes)
          answers.push(
            Promise.resolve(write(written.text, written.abort.signal)).then(
              status => {
                written.status = status
              },
              () => {
                written.status = 'aborted'
              },
            ),
          )
        }
        expect(input.queuedBytes).toBeLessThanOrEqual(Math.max(limitBytes, largest))
      }
      while (input.queuedBytes > 0) writer.take()
      await Promise.all(answers)
      const accepted = writes.filter(({ status }) => status === 'accepted').map(({ text }) => text)
      expect(writes.map(({ status }) => status)).not.toContain('none')
      expect(writer.taken.join('')).toBe(accepted.join(''))
    }),
  )
})

test('tells a write that waits that the input is closed when the one before it fails', async () => {
  let fail = (_error: Error): void => {}
  const writer = new Writable({
    write(_bytes, _encoding, done) {
      fail = done
    },
  })
  const waitingInput = new ByteAllowance(10, () => new RangeError('too much'))
  const input = new ChildInput({ writer, close: () => writer.destroy() }, 1, waitingInput)
  const { signal } = new AbortController()
  expect(input.write(Buffer.from('a'), signal)).toBe('accepted')
  const waiting = input.write(Buffer.from('b'), signal)
  fail(new Error('EPIPE'))
  expect(await waiting).toBe('closed')
  expect(input.write(Buffer.from('c'), signal)).toBe('closed')
})

test('refuses a write when too much waits already, and takes it once that is less', async () => {
  const { writer, write } = inputOf(4, 6)
  write('1234')
  const cancelled = new AbortController()
  const waits = write('56', cancelled.signal)
  const alsoWaits = write('7890')
  expect(() => write('x')).toThrow('6 wait')
  cancelled.abort(new Error('gone'))
  await expect(waits).rejects.toThrow('gone')
  const later = write('xy')
  expect(() => write('z')).toThrow('6 wait')
  writer.takeAll()
  expect([await alsoWaits, await later]).toEqual(['accepted', 'accepted'])
  expect(writer.taken.join('')).toBe('12347890xy')
})
