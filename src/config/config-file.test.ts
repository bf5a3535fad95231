import { describe, expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'

const path = '/etc/execgate.toml'

function read(text: string, command: 'serve' | 'exec-server' = 'serve') {
  return readConfigFile({ path, namedBy: '--config', command, readFile: () => text })
}

test('keys are read with their native values and know where they stand', () => {
  expect(read('# limits\ngrace = "5s"\nmax_sessions = 12\nwatchdog = false\n')).toEqual({
    given: new Map<string, unknown>([
      ['graceMs', { source: `grace in ${path}`, value: '5s' }],
      ['maxSessions', { source: `max_sessions in ${path}`, value: 12n }],
      ['watchdog', { source: `watchdog in ${path}`, value: false }],
    ]),
  })
})

test('an empty file and one with a byte order mark are fine', () => {
  expect(read('')).toEqual({ given: new Map() })
  expect(read('\u{FEFF}grace = "5s"')).toMatchObject({ given: { size: 1 } })
})

test('both commands may share a file', () => {
  expect(read('concurrent_requests = 4', 'exec-server')).toMatchObject({ given: { size: 1 } })
  expect(read('concurrent_requests = 4', 'serve')).toMatchObject({ given: { size: 0 } })
})

describe('unknown keys', () => {
  test.each([
    ['max_sesions = 1', 'unknown key `max_sesions` in /etc/execgate.toml; did you mean max_sessions?'],
    ['max-sessions = 1', 'unknown key `max-sessions` in /etc/execgate.toml; did you mean max_sessions?'],
    ['colour = "red"', 'unknown key `colour` in /etc/execgate.toml'],
    ['[serve]\ngrace = "5s"', 'unknown key `serve` in /etc/execgate.toml'],
    ['__proto__ = 1', 'unknown key `__proto__` in /etc/execgate.toml'],
    ['constructor = 1', 'unknown key `constructor` in /etc/execgate.toml'],
  ])('%j is refused', (text, problem) => {
    expect(read(text)).toEqual({ problem })
  })
})

test.each([
  ['grace = "5s"\nprobe = ', 'line 2, column 9: invalid value'],
  ['grace = "5s"\ngrace = "6s"', 'line 2, column 1: trying to redefine an already defined table or value'],
  [`a = ${'['.repeat(100_000)}`, 'line 1, column 1005: document contains excessively nested structures. aborting.'],
])('broken text %.20j is refused with its position', (text, place) => {
  expect(read(text)).toEqual({ problem: `cannot parse the configuration file ${path}, ${place}` })
})

test('a parse error shows nothing of the file', () => {
  expect(JSON.stringify(read('token = s3cret'))).not.toContain('s3cret')
})

test.each([
  [new Error("ENOENT: no such file or directory, open 'x'"), "ENOENT: no such file or directory, open 'x'"],
  ['a string', 'the reason is not known'],
  [Object.create(null), 'the reason is not known'],
])('a file that cannot be read is refused with the reason', (thrown, reason) => {
  const readFile = (): string => {
    throw thrown
  }
  expect(readConfigFile({ path: 'a\nb', namedBy: 'EXECGATE_CONFIG', command: 'serve', readFile })).toEqual({
    problem: `cannot read the configuration file a\\u{a}b, named by EXECGATE_CONFIG: ${reason}`,
  })
})
