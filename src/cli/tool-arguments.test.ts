import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProblem } from '../config/problem.ts'
import { readToolArguments } from './tool-arguments.ts'
import { toolNames } from './tool-table.ts'

function read(...argv: string[]) {
  const read = readToolArguments('kill', argv)
  return isProblem(read) ? read.problem : { flags: Object.fromEntries(read.flags), operands: read.operands }
}

describe('understood', () => {
  test.each([
    [['1/p'], {}, ['1/p']],
    [['--url', 'http://x', '1/p', '2/q'], { url: 'http://x' }, ['1/p', '2/q']],
    [['1/p', '--url=http://x?a=b', '--json'], { url: 'http://x?a=b', json: 'true' }, ['1/p']],
    [['--', '--json', '1/p'], {}, ['--json', '1/p']],
    [['-'], {}, ['-']],
  ])('%o', (argv, flags, operands) => {
    expect(read(...argv)).toEqual({ flags, operands })
  })
})

describe('refused', () => {
  test.each([
    [[], 'kill needs SESSION/PROCESS: `execgate kill --help` says how'],
    [['--jsno', '1/p'], 'unknown option `--jsno`; did you mean --json?'],
    [['-x'], 'unknown option `-x`; `execgate kill --help` lists the options'],
    [['--toString'], 'unknown option `--toString`; `execgate kill --help` lists the options'],
    [['--json=yes', '1/p'], '--json takes no value'],
    [['--json', '--json', '1/p'], '--json is given twice'],
    [['1/p', '--url'], '--url needs a value: write `--url=URL`'],
    [Array.from({ length: 101 }, () => '1/p'), 'kill takes at most 100 arguments, not 101'],
  ])('%o', (argv, problem) => {
    expect(read(...argv)).toBe(problem)
  })

  test('an argument where none is taken', () => {
    expect(readToolArguments('ps', ['all'])).toEqual({ problem: 'unexpected argument `all`' })
  })
})

test('whatever the arguments are, they are read without an exception', () => {
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('--url', '--json', '--', '-'))
  fc.assert(
    fc.property(fc.constantFrom(...toolNames), fc.array(word, { maxLength: 4 }), (tool, argv) => {
      expect(readToolArguments(tool, argv)).toBeTypeOf('object')
    }),
  )
})
