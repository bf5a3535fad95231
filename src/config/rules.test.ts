import { describe, expect, test } from 'vitest'
import { type ListenAddress, parseListenUrl } from './listen-url.ts'
import { isProblem } from './problem.ts'
import { bindProblem, fetchPolicy } from './rules.ts'
import { loadSettings } from './settings.ts'

function address(text: string): ListenAddress {
  const parsed = parseListenUrl(text)
  if (isProblem(parsed)) throw new Error(parsed.problem)
  return parsed
}

describe('the bind rule', () => {
  test.each(['stdio', 'ws://127.0.0.1:0', 'ws://127.3.2.1:80', 'ws://[::1]:0', 'ws://[::ffff:127.0.0.1]:0'])(
    '%s needs no permission',
    text => {
      expect(bindProblem({ listen: address(text), allowUnauthenticated: false })).toBeUndefined()
    },
  )

  test.each(['ws://0.0.0.0:0', 'ws://[::]:0', 'ws://192.168.0.1:80', 'ws://[::ffff:10.0.0.1]:80'])(
    '%s needs --allow-unauthenticated',
    text => {
      const listen = address(text)
      expect(bindProblem({ listen, allowUnauthenticated: false })).toMatch(/^refusing to listen on .*beyond loopback/)
      expect(bindProblem({ listen, allowUnauthenticated: false })).toContain('--allow-unauthenticated')
      expect(bindProblem({ listen, allowUnauthenticated: true })).toBeUndefined()
    },
  )
})

function problemOf(...argv: string[]): string | undefined {
  const loaded = loadSettings({ command: 'serve', argv, environment: {}, readFile: () => '' })
  return isProblem(loaded) ? loaded.problem : undefined
}

test('the watchdog needs the instance marker', () => {
  expect(problemOf('--no-instance-marker')).toMatch(/^watchdog needs instance-marker/)
  expect(problemOf('--no-instance-marker', '--no-watchdog')).toBeUndefined()
  expect(problemOf('--no-watchdog')).toBeUndefined()
})

test('a peer is pinged before it is dropped', () => {
  expect(problemOf('--ping-after=90s')).toBe(
    'drop-after (90000 ms) must be longer than ping-after (90000 ms): a quiet peer needs a ping to answer before it is dropped',
  )
  expect(problemOf('--ping-after=90s', '--drop-after=91s')).toBeUndefined()
})

test('the bind rule holds for the settings as a whole', () => {
  expect(problemOf('--listen', 'ws://0.0.0.0:0')).toMatch(/^refusing to listen on 0\.0\.0\.0/)
  expect(problemOf('--listen', 'ws://0.0.0.0:0', '--allow-unauthenticated')).toBeUndefined()
})

describe('what HTTP requests may reach', () => {
  test.each([
    ['auto', 'ws://127.0.0.1:0', 'all'],
    ['auto', 'stdio', 'all'],
    ['auto', 'ws://0.0.0.0:0', 'public'],
    ['auto', 'ws://192.168.0.1:80', 'public'],
    ['all', 'ws://0.0.0.0:0', 'all'],
    ['listed', 'ws://127.0.0.1:0', 'listed'],
  ] as const)('fetch-targets %s on %s means %s', (fetchTargets, listen, policy) => {
    expect(fetchPolicy({ fetchTargets, listen: address(listen) })).toBe(policy)
  })
})
