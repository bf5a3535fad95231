import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameMatcher } from './name-pattern.ts'

function matches(pattern: string, name: string): boolean {
  return nameMatcher([pattern])(name)
}

/** The definition, written down as it is said. */
function matchesNaively(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern
  const [character, ...others] = name
  if (first === undefined) return character === undefined
  if (first === '*' && matchesNaively(rest, name)) return true
  if (character === undefined) return false
  if (first === '*') return matchesNaively(pattern, others)
  return (first === '?' || first.toLowerCase() === character.toLowerCase()) && matchesNaively(rest, others)
}

describe('name patterns', () => {
  it.each([
    ['PATH', 'PATH', true],
    ['path', 'PATH', true],
    ['PATH', 'PATHS', false],
    ['PATH', 'MYPATH', false],
    ['', '', true],
    ['', 'A', false],
    ['*', '', true],
    ['?', '', false],
    ['ho?e', 'HOME', true],
    ['ho?e', 'HOE', false],
    ['*TOKEN', 'API_TOKEN', true],
    ['*TOKEN', 'TOKENS', false],
    ['*TOKEN*', 'TOKENS', true],
    ['A*B*C', 'AxBxBxC', true],
    ['A*B*C', 'AxCxB', false],
    ['A.C', 'ABC', false],
    ['[A]', 'A', false],
    ['\\*', 'A', false],
    ['?', '\u{1f600}', true],
    ['??', '\u{1f600}', false],
    ['\u00c4?\u03a3', '\u00e4x\u03c3', true],
  ])('says of %j and %j: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected)
  })

  it('match a name that any of them matches, and none when there are none', () => {
    expect(nameMatcher(['A*', '*Z'])('BUZZ')).toBe(true)
    expect(nameMatcher(['A*', '*Z'])('BUZZER')).toBe(false)
    expect(nameMatcher([])('')).toBe(false)
  })

  it('agree with their definition', () => {
    const pattern = fc.array(fc.constantFrom('*', '?', 'a', 'B', '\u00e4', '\u{1f600}'), { maxLength: 8 })
    const name = fc.array(fc.constantFrom('A', 'b', '\u00c4', '\u{1f600}', '*'), { maxLength: 8 })
    fc.assert(
      fc.property(pattern, name, (patternCharacters, nameCharacters) => {
        expect(matches(patternCharacters.join(''), nameCharacters.join(''))).toBe(
          matchesNaively(patternCharacters, nameCharacters),
        )
      }),
      { numRuns: 20_000 },
    )
  })

  it('answer in time for patterns made to backtrack', () => {
    expect(matches('*a'.repeat(1000) + 'b', 'a'.repeat(4000))).toBe(false)
    expect(matches('*' + 'a'.repeat(1000) + 'b', 'a'.repeat(4000))).toBe(false)
  })
})
