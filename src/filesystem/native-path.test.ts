import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWithin, join, namesOf, split } from './native-path.ts'

const path = (text: string) => Buffer.from(text)
const name = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .filter(bytes => !bytes.includes(0x2f) && !bytes.includes(0))
  .map(bytes => Buffer.from(bytes))

describe('a native path', () => {
  it('is its parent and its name, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), names => {
        const whole = names.reduce<Buffer>((above, below) => join(above, below), path('/'))
        expect(namesOf(whole)).toEqual(names)
        const entry = split(whole)
        expect(entry?.name).toEqual(names.at(-1))
        expect(namesOf(entry?.parent ?? whole)).toEqual(names.slice(0, -1))
      }),
    )
  })

  it('has no parent when it is the root', () => {
    expect(split(path('/'))).toBeUndefined()
    expect(namesOf(path('/'))).toEqual([])
  })

  it.each([
    ['/a/b', '/a', true],
    ['/a', '/a', true],
    ['/ab', '/a', false],
    ['/a', '/a/b', false],
    ['/a', '/', true],
    ['/', '/', true],
    ['/', '/a', false],
  ])('%s within %s: %s', (inner, outer, expected) => {
    expect(isWithin(path(inner), path(outer))).toBe(expected)
  })
})
