import { expect, test } from 'vitest'
import { describeOutcomes, haveAllEnded, parseAddresses } from './kill.ts'

test.each([
  ['3/build', { session: 3, id: 'build' }],
  ['12/a/b\n', { session: 12, id: 'a/b\n' }],
  ['1/', { session: 1, id: '' }],
])('%j addresses a process', (text, address) => {
  expect(parseAddresses([text])).toEqual([address])
})

test.each(['build', '/build', '0/build', '-1/x', '3', 'a/b', '1e3/x', `${'9'.repeat(16)}/x`, ''])(
  '%j is refused, and what stands beside it does not count',
  text => {
    expect(parseAddresses(['1/fine', text])).toEqual({
      problem: `\`${text}\` is not SESSION/PROCESS, as \`execgate ps\` shows it: 3/build`,
    })
  },
)

test('every process gets a line', () => {
  const outcomes = ['killed', 'ended', 'unknown', 'refused'] as const
  const processes = outcomes.map((outcome, index) => ({ session: index + 1, id: 'p\u{7}', outcome }))
  expect(describeOutcomes({ processes })).toBe(`1/p\\u{7} killed
2/p\\u{7} had ended already
3/p\\u{7} is not known; \`execgate ps\` lists the processes
4/p\\u{7} cannot be killed: the operating system refuses
`)
})

test.each([
  ['killed', true],
  ['ended', true],
  ['unknown', false],
  ['refused', false],
] as const)('one that is %s beside one that was killed: all have ended is %s', (outcome, expected) => {
  const processes = [
    { session: 1, id: 'p', outcome: 'killed' as const },
    { session: 1, id: 'q', outcome },
  ]
  expect(haveAllEnded({ processes })).toBe(expected)
})
