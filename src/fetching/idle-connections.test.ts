import { expect, it } from 'vitest'
import { Ledger } from '../lifecycle/ledger.ts'
import { IdleConnections, type Waiting } from './idle-connections.ts'

class FakeConnection implements Waiting {
  isOpen = true
  closed: (() => void) | undefined

  whenClosed(action: (() => void) | undefined): void {
    this.closed = action
  }

  end(): Promise<void> {
    this.isOpen = false
    return Promise.resolve()
  }
}

function stage() {
  const ledger = new Ledger()
  const caller = new AbortController()
  return {
    ledger,
    caller,
    idle: new IdleConnections<FakeConnection>(ledger),
    key: { caller: caller.signal, route: 'r' },
  }
}

it('gives a connection back to the same caller for the same route, the latest first', () => {
  const { idle, key, ledger } = stage()
  const [first, second] = [new FakeConnection(), new FakeConnection()]
  idle.put(key, first)
  idle.put(key, second)
  expect(idle.take({ ...key, route: 'another' })).toBeUndefined()
  expect(idle.take({ ...key, caller: new AbortController().signal })).toBeUndefined()
  expect(idle.take(key)).toBe(second)
  expect(idle.take(key)).toBe(first)
  expect(idle.take(key)).toBeUndefined()
  expect(first.isOpen && second.isOpen).toBe(true)
  expect(ledger.outstanding()).toEqual({})
})

it('forgets one that the server closes, and keeps none that is closed', () => {
  const { idle, key, ledger } = stage()
  const connection = new FakeConnection()
  idle.put(key, connection)
  connection.closed?.()
  expect(idle.take(key)).toBeUndefined()
  connection.isOpen = false
  idle.put(key, connection)
  expect(idle.size).toBe(0)
  expect(ledger.outstanding()).toEqual({})
})

it('closes those of a caller that goes, and keeps none for one that has gone', () => {
  const { idle, key, caller, ledger } = stage()
  const [before, after] = [new FakeConnection(), new FakeConnection()]
  idle.put(key, before)
  caller.abort()
  idle.put(key, after)
  expect([before.isOpen, after.isOpen, idle.size]).toEqual([false, false, 0])
  expect(ledger.outstanding()).toEqual({})
})

it.each([
  ['six for one origin', 6, () => 'r'],
  ['64 altogether', 64, (index: number) => `r${index}`],
])('keeps %s, and closes the one that has waited longest for another', (_what, most, route) => {
  const { idle, key } = stage()
  const connections = Array.from({ length: most + 2 }, () => new FakeConnection())
  for (const [index, connection] of connections.entries()) idle.put({ ...key, route: route(index) }, connection)
  expect(idle.size).toBe(most)
  expect(connections.map(({ isOpen }) => isOpen).lastIndexOf(false)).toBe(1)
})
