import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runHelp } from './help.ts'
import { parseRunArguments, runFlags } from './run-arguments.ts'

const parse = (...argv: string[]) => parseRunArguments(argv, { HERE: 'value', EXECGATE_URL: 'ws://from.environment' })

const nothing = {
  url: 'ws://from.environment',
  environment: undefined,
  tty: false,
  interactive: false,
  env: {},
  cwd: undefined,
  timeoutMs: undefined,
}

test.each([
  [['ls', '-l'], { command: ['ls', '-l'] }],
  [['--', '-l'], { command: ['-l'] }],
  [['ls', '--', '-t'], { command: ['ls', '--', '-t'] }],
  [['-'], { command: ['-'] }],
  [['-it', 'sh'], { command: ['sh'], tty: true, interactive: true }],
  [['--tty', '--interactive', 'sh'], { command: ['sh'], tty: true, interactive: true }],
  [
    ['-e', 'A=1=2', '--env=B=', '--env', 'HERE', '-e', 'NOWHERE', 'x'],
    { command: ['x'], env: { A: '1=2', B: '', HERE: 'value' } },
  ],
  [['-te', 'A=1', 'x'], { command: ['x'], tty: true, env: { A: '1' } }],
  [['-w', '/tmp', 'x'], { command: ['x'], cwd: '/tmp' }],
  [['--timeout=2m', 'x'], { command: ['x'], timeoutMs: 120_000 }],
  [['--url', 'wss://host/path', 'x'], { command: ['x'], url: 'wss://host/path' }],
  [['--local', 'x'], { command: ['x'], url: undefined }],
  [['--environment', 'build', 'x'], { command: ['x'], url: undefined, environment: 'build' }],
])('%j is understood', (argv, expected) => {
  expect(parse(...argv)).toEqual({ ...nothing, ...expected })
})

test('the gateway is looked for on this machine when nobody says where it is', () => {
  expect(parseRunArguments(['x'], {})).toMatchObject({ url: 'ws://127.0.0.1:7777' })
  expect(parseRunArguments(['x'], { EXECGATE_URL: '' })).toMatchObject({ url: 'ws://127.0.0.1:7777' })
})

test('a terminal is told what the terminal here can do, unless something else is given', () => {
  expect(parseRunArguments(['-t', 'x'], { TERM: 'xterm' })).toMatchObject({ env: { TERM: 'xterm' } })
  expect(parseRunArguments(['-te', 'TERM=dumb', 'x'], { TERM: 'xterm' })).toMatchObject({ env: { TERM: 'dumb' } })
  expect(parseRunArguments(['x'], { TERM: 'xterm' })).toMatchObject({ env: {} })
})

describe('refused', () => {
  test.each([
    [[], 'no command: write `execgate run [OPTION]... -- COMMAND [ARGUMENT]...`'],
    [['-t', '--'], 'no command: write `execgate run [OPTION]... -- COMMAND [ARGUMENT]...`'],
    [['--tyy', 'x'], 'unknown option `--tyy`; did you mean --tty?'],
    [['-x', 'x'], 'unknown option `-x`'],
    [['--tty=yes', 'x'], '--tty takes no value'],
    [['--env'], '--env needs a value: --env NAME[=VALUE]'],
    [['-et', 'A=1', 'x'], '-e needs a value: -e NAME[=VALUE]'],
    [['-e', '=1', 'x'], '-e: `=1` has no name'],
    [['-w', 'tmp', 'x'], '-w: `tmp` is no absolute path'],
    [['--timeout', '5', 'x'], '--timeout: `5` is no duration such as 500ms, 80s, 2m or 1h'],
    [['--timeout', '0s', 'x'], '--timeout: `0s` is not from 1ms to 596h'],
    [['--timeout', '597h', 'x'], '--timeout: `597h` is not from 1ms to 596h'],
    [['--url', 'http://x', 'x'], '--url: `http://x` is no ws:// or wss:// URL'],
    [['--url', 'ws://x', '--local', 'x'], '--url and --local exclude each other'],
    [['--local', '--environment=e', 'x'], '--environment and --local exclude each other'],
  ])('%j', (argv, problem) => {
    expect(parse(...argv)).toEqual({ problem })
  })
})

test('whatever the arguments are, they are read without an exception', () => {
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('-it', '--url', '--', '-e', '--timeout', '-'))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), argv => {
      expect(parse(...argv)).toBeTypeOf('object')
    }),
  )
})

test('the help has every flag and fits 100 columns', () => {
  const text = runHelp()
  for (const { name, help } of runFlags) {
    expect(text).toContain(`--${name}`)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(help)
  }
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})
