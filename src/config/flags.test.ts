import { describe, expect, test } from 'vitest'
import { readFlags } from './flags.ts'

test('a value follows its flag or an equals sign', () => {
  const listen = { source: '--listen', value: 'stdio' }
  expect(readFlags(['--listen', 'stdio'], 'serve')).toMatchObject({ given: new Map([['listen', listen]]) })
  expect(readFlags(['--listen=stdio'], 'serve')).toMatchObject({ given: new Map([['listen', listen]]) })
})

test('only the first equals sign divides', () => {
  expect(readFlags(['--listen=a=b'], 'serve')).toMatchObject({
    given: new Map([['listen', { source: '--listen', value: 'a=b' }]]),
  })
})

test.each([
  ['--watchdog', 'true', '--watchdog'],
  ['--no-watchdog', 'false', '--no-watchdog'],
  ['--watchdog=off', 'off', '--watchdog'],
])('the switch %s gives %s', (argument, value, source) => {
  expect(readFlags([argument], 'serve')).toMatchObject({ given: new Map([['watchdog', { source, value }]]) })
})

test('a switch leaves what follows alone', () => {
  expect(readFlags(['--watchdog', '--listen', 'stdio'], 'serve')).toMatchObject({
    given: new Map([
      ['watchdog', { source: '--watchdog', value: 'true' }],
      ['listen', { source: '--listen', value: 'stdio' }],
    ]),
  })
})

test('the configuration file is named, and is no option', () => {
  expect(readFlags(['--config', '/etc/execgate.toml'], 'serve')).toEqual({
    given: new Map(),
    configPath: '/etc/execgate.toml',
  })
})

describe('refused', () => {
  test.each([
    [['--listen'], '--listen needs a value: write `--listen=VALUE`'],
    [['--listen', '--watchdog'], '--listen needs a value: write `--listen=VALUE`'],
    [['--config'], '--config needs a value: write `--config=VALUE`'],
    [['--no-watchdog=true'], '--no-watchdog takes no value; remove `true`'],
    [['--grace', '1s', '--grace=1s'], '--grace repeats --grace: give an option only once'],
    [['--watchdog', '--no-watchdog'], '--no-watchdog repeats --watchdog: give an option only once'],
    [['--config', 'a', '--config', 'a'], '--config repeats --config: give an option only once'],
    [['--no-listen'], 'unknown option `--no-listen`; `execgate serve --help` lists the options'],
    [['--colour'], 'unknown option `--colour`; `execgate serve --help` lists the options'],
    [['-v'], 'unknown option `-v`; `execgate serve --help` lists the options'],
    [['--'], 'unknown option `--`; `execgate serve --help` lists the options'],
    [['--detached-sesion=90s'], 'unknown option `--detached-sesion`; did you mean --detached-session?'],
    [['--watchdog', 'false'], 'unexpected argument `false`; `execgate serve --help` lists the options'],
    [[''], 'unexpected argument ``; `execgate serve --help` lists the options'],
    [
      ['--ws-auth', 'capability-token'],
      'execgate does not support `--ws-auth` of the reference server: connections are not authenticated',
    ],
    [
      ['--strict-config=true'],
      'execgate does not support `--strict-config` of the reference server: its own configuration is always checked strictly',
    ],
    [
      ['--concurrent-requests', '4'],
      '--concurrent-requests is an option of `execgate exec-server`, not of `execgate serve`',
    ],
  ])('%o', (argv, problem) => {
    expect(readFlags(argv, 'serve')).toEqual({ problem })
  })
})
