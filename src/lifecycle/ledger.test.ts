import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Guard, Ledger, ownedKinds } from './ledger.ts'

test('taking a guard counts its kind up, disposing it counts down', () => {
  const ledger = new Ledger()
  {
    using _first = ledger.take('process')
    using _second = ledger.take('process')
    using _other = ledger.take('timer')
    expect(ledger.active('process')).toBe(2)
    expect(ledger.outstanding()).toEqual({ process: 2, timer: 1 })
  }
  expect(ledger.active('process')).toBe(0)
  expect(ledger.outstanding()).toEqual({})
})

test('disposing a guard again counts nothing', () => {
  const ledger = new Ledger()
  const guard = ledger.take('session')
  using _other = ledger.take('session')
  guard[Symbol.dispose]()
  guard[Symbol.dispose]()
  expect(ledger.active('session')).toBe(1)
})

test('a guard is released once even when it is disposed while it is released', () => {
  let releases = 0
  const guard: Guard = new Guard(() => {
    releases += 1
    guard[Symbol.dispose]()
  })
  guard[Symbol.dispose]()
  expect(releases).toBe(1)
})

test('two ledgers do not meet', () => {
  using _held = new Ledger().take('connection')
  expect(new Ledger().outstanding()).toEqual({})
})

test('whatever is taken and disposed in whichever order, the counts are those of the living guards', () => {
  const step = fc.record({ kind: fc.constantFrom(...ownedKinds), disposed: fc.nat({ max: 20 }) })
  fc.assert(
    fc.property(fc.array(step), steps => {
      const ledger = new Ledger()
      const guards: Guard[] = []
      const living = new Map<Guard, string>()
      for (const { kind, disposed } of steps) {
        const guard = ledger.take(kind)
        guards.push(guard)
        living.set(guard, kind)
        const chosen = guards[disposed]
        if (chosen === undefined) continue
        chosen[Symbol.dispose]()
        living.delete(chosen)
      }
      for (const kind of ownedKinds) {
        expect(ledger.active(kind)).toBe([...living.values()].filter(owned => owned === kind).length)
      }
    }),
  )
})

describe('a guard that is collected', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void

  it('without having been released is told of, one that was released is not', async () => {
    const leaked: string[] = []
    const ledger = new Ledger(kind => leaked.push(kind))
    ledger.take('process')[Symbol.dispose]()
    ledger.take('session')
    while (leaked.length === 0) {
      await nextTurn()
      collect()
    }
    await nextTurn()
    collect()
    await nextTurn()
    expect(leaked).toEqual(['session'])
    expect(ledger.outstanding()).toEqual({ session: 1 })
  })
})
