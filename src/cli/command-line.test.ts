import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CommandLine, interpretCommandLine } from './command-line.ts'
import { commandHelp, programHelp, versionText } from './help.ts'
import { toolHelp } from './tool-help.ts'

function interpret(...argv: string[]): CommandLine {
  return interpretCommandLine(argv, { EXECGATE_COLOUR: 'red' }, () => 'grace = "5s"')
}

describe('asked for help', () => {
  test.each([[[]], [['--help']], [['-h']], [['--help', 'serve']]])('%o prints that of the program', argv => {
    expect(interpret(...argv)).toEqual({ kind: 'print', text: programHelp() })
  })

  test.each([
    [['serve', '--help']],
    [['serve', '-h']],
    [['serve', '--nonsense', '--help']],
    [['serve', '--listen', '--help']],
  ])('%o prints that of the command', argv => {
    expect(interpret(...argv)).toEqual({ kind: 'print', text: commandHelp('serve') })
  })
})

test('--version prints the version', () => {
  expect(interpret('--version')).toEqual({ kind: 'print', text: versionText })
})

test('a tool runs with its arguments, its own help included', () => {
  const args = { flags: new Map([['json', 'true']]), operands: ['1/p'] }
  expect(interpret('kill', '1/p', '--json')).toEqual({ kind: 'tool', tool: 'kill', args })
  expect(interpret('ps', '-h')).toEqual({ kind: 'print', text: toolHelp('ps') })
})

test.each(['serve', 'exec-server'] as const)('%s runs with its settings and what to warn about', command => {
  expect(interpret(command, '--config=x', '--listen=ws://127.0.0.1:9')).toMatchObject({
    kind: 'run',
    command,
    settings: { graceMs: 5000, listen: { transport: 'websocket', host: '127.0.0.1', port: 9 } },
    warnings: [expect.stringContaining('EXECGATE_COLOUR')],
  })
})

describe('refused as not understood, status 2', () => {
  test.each([
    ['serv', 'unknown command `serv`; did you mean serve?'],
    ['exec-sever', 'unknown command `exec-sever`; did you mean exec-server?'],
    ['kil', 'unknown command `kil`; did you mean kill?'],
    ['dance\n', 'unknown command `dance\\u{a}`; `execgate --help` lists the commands'],
    ['', 'unknown command ``; `execgate --help` lists the commands'],
    ['--listen', '`--listen` stands before the command: write `execgate COMMAND [OPTION]...`'],
  ])('%j', (first, message) => {
    expect(interpret(first)).toEqual({ kind: 'refuse', message, exitCode: 2 })
  })
})

describe('refused configuration, status 1', () => {
  test.each([
    [['--listen', 'http://x'], '--listen: unsupported --listen URL `http://x`; expected `ws://IP:PORT` or `stdio`'],
    [['--listen', 'ws://x:1'], '--listen: invalid websocket --listen URL `ws://x:1`; expected `ws://IP:PORT`'],
    [['--listen', 'ws://0.0.0.0:1'], 'refusing to listen on 0.0.0.0'],
    [['--detached-session', '5s'], '--detached-session: `5s` is not a duration of 60s to 24h'],
    [['--exit-on-stdin-close'], 'execgate does not support `--exit-on-stdin-close`'],
    [['forward'], 'execgate does not support `forward`'],
    [['--colour'], 'unknown option `--colour`'],
  ])('%o', (argv, message) => {
    const refused = { kind: 'refuse', message: expect.stringContaining(message), exitCode: 1 }
    expect(interpret('exec-server', ...argv)).toEqual(refused)
  })
})

test('an argument of a tool that is not understood is refused with status 2', () => {
  expect(interpret('ps', '--verbose')).toMatchObject({ kind: 'refuse', exitCode: 2 })
})

test('whatever the arguments are, they are interpreted without an exception', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('serve', 'exec-server', '--help', '--config', '-h'),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), argv => {
      expect(['run', 'tool', 'print', 'refuse']).toContain(interpret(...argv).kind)
    }),
  )
})
