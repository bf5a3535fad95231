import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { StdioTransport } from './stdio-transport.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A transport with two lines that nobody has read. */
function withUnreadLines() {
  const ledger = new Ledger()
  const taken: string[] = []
  let take: (() => void) | undefined
  const output = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      take = () => {
        taken.push(line)
        done()
      }
    },
  })
  const timers = new Timers(ledger)
  const transport = new StdioTransport({ input: new PassThrough(), output, timers, maxMessageBytes: 1024 })
  transport.send('one')
  transport.send('two')
  const read = async () => {
    take?.()
    await vi.advanceTimersByTimeAsync(0)
  }
  return { transport, output, taken, read, ledger }
}

describe('what is left at the end', () => {
  it('waits for a reader that takes its time', async () => {
    const { transport, taken, read, ledger } = withUnreadLines()
    const closed = transport.close(closeCodes.normal)
    await vi.advanceTimersByTimeAsync(4000)
    await read()
    await vi.advanceTimersByTimeAsync(4000)
    await read()
    await closed
    expect(taken).toEqual(['one\n', 'two\n'])
    expect(ledger.outstanding()).toEqual({})
  })

  it.each([
    ['five seconds', closeCodes.normal, 5000],
    ['a moment, when the program is to end', closeCodes.goingAway, 200],
  ])('does not wait for one that takes nothing for %s', async (_time, code, waitMs) => {
    const { transport, output, taken, ledger } = withUnreadLines()
    const closed = transport.close(code)
    await vi.advanceTimersByTimeAsync(waitMs - 1)
    expect(output.destroyed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await closed
    expect(output.destroyed).toBe(true)
    expect(taken).toEqual([])
    expect(ledger.outstanding()).toEqual({})
  })
})
