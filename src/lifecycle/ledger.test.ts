import fc from 'fast-check'
import { expect, test } from 'vitest'
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
