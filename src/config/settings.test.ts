import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commands,
  defaultOf,
  fileKeyOf,
  flagOf,
  type OptionKey,
  optionKeys,
  options,
  takes,
  variableOf,
} from './options.ts'
import { isProblem } from './problem.ts'
import { loadSettings, type LoadedSettings, type SettingsRequest } from './settings.ts'

const configPath = '/etc/execgate.toml'

function noFile(path: string): string {
  throw new Error(`ENOENT: no such file or directory, open '${path}'`)
}

function load(request: Partial<SettingsRequest> & { file?: string }): LoadedSettings {
  const { file, ...rest } = request
  const readFile = (path: string): string => (path === configPath && file !== undefined ? file : noFile(path))
  const loaded = loadSettings({ command: 'exec-server', argv: [], environment: {}, readFile, ...rest })
  if (isProblem(loaded)) throw new Error(loaded.problem)
  return loaded
}

function problemOf(request: Partial<SettingsRequest> & { file?: string }): string | undefined {
  try {
    load(request)
  } catch (error) {
    return error instanceof Error ? error.message : undefined
  }
  return undefined
}

/** Two texts an option accepts that differ from each other and, where it has more than two values, from the default. */
function samplesOf(key: OptionKey): [string, string] {
  const texts = [
    'ws://127.0.0.1:1',
    'stdio',
    '70s',
    '75s',
    '5s',
    '6s',
    '2MiB',
    '3MiB',
    '20MiB',
    '21MiB',
    '1500',
    '1501',
    'warn',
    'trace',
    '/srv/one',
    '/srv/two',
    'public',
    'listed',
    'reap',
    'read-only',
    'native',
    'portable',
    'off',
    '127.0.0.1:1',
    '127.0.0.1:2',
    'false',
    'true',
  ]
  const [first, second] = texts.filter(text => options[key].value.schema.safeParse(text).success)
  if (first === undefined || second === undefined) throw new Error(`no two samples for ${key}: add some`)
  return [first, second]
}

describe.each(optionKeys)('option %s', key => {
  const { schema } = options[key].value
  const [one, other] = samplesOf(key)
  // Without the marker there is no watchdog; every other option stands alone.
  const argv = key === 'instanceMarker' ? ['--no-watchdog'] : []
  const asFlag = [`${flagOf(key)}=${one}`]
  const asVariable = { [variableOf(key)]: other, EXECGATE_CONFIG: configPath }
  const asFileKey = `${fileKeyOf(key)} = ${JSON.stringify(one)}`

  test('has its default when nobody says anything', () => {
    for (const command of commands) {
      expect(load({ command, argv }).settings[key]).toEqual(schema.parse(defaultOf(key, command)))
    }
  })

  test('is set by its flag', () => {
    expect(load({ argv: [...argv, ...asFlag] }).settings[key]).toEqual(schema.parse(one))
  })

  test('is set by its variable', () => {
    const environment = { [variableOf(key)]: one }
    expect(load({ argv, environment }).settings[key]).toEqual(schema.parse(one))
  })

  test('is set by its key in the file', () => {
    expect(load({ argv: [...argv, '--config', configPath], file: asFileKey }).settings[key]).toEqual(schema.parse(one))
  })

  test('prefers the flag to the variable and the variable to the file', () => {
    const file = asFileKey
    const environment = asVariable
    expect(load({ argv: [...argv, ...asFlag], environment, file }).settings[key]).toEqual(schema.parse(one))
    expect(load({ argv, environment, file }).settings[key]).toEqual(schema.parse(other))
  })

  test('refuses nonsense and names the source that says it', () => {
    const nonsense = 'n0 nsense'
    expect(problemOf({ argv: [...argv, `${flagOf(key)}=${nonsense}`] })).toMatch(
      new RegExp(`^${flagOf(key)}: .*\`${nonsense}\``),
    )
    expect(problemOf({ argv, environment: { [variableOf(key)]: nonsense } })).toMatch(
      new RegExp(`^${variableOf(key)}: .*\`${nonsense}\``),
    )
    const file = `${fileKeyOf(key)} = "${nonsense}"`
    expect(problemOf({ argv: [...argv, '--config', configPath], file })).toMatch(
      new RegExp(`^${fileKeyOf(key)} in ${configPath}: .*\`${nonsense}\``),
    )
  })
})

test('a value that loses is checked all the same', () => {
  expect(problemOf({ argv: ['--grace=1s'], environment: { EXECGATE_GRACE: '1' } })).toMatch(
    /^EXECGATE_GRACE: `1` is not/,
  )
})

test('--config wins over EXECGATE_CONFIG', () => {
  const environment = { EXECGATE_CONFIG: '/elsewhere.toml' }
  expect(load({ argv: ['--config', configPath], environment, file: 'grace = "7s"' }).settings.graceMs).toBe(7000)
})

test('a file that is named and cannot be read is refused', () => {
  expect(problemOf({ environment: { EXECGATE_CONFIG: '/none.toml' } })).toMatch(
    /^cannot read the configuration file \/none\.toml, named by EXECGATE_CONFIG: ENOENT/,
  )
})

test('no file is read unless one is named', () => {
  const read: string[] = []
  const readFile = (path: string): string => {
    read.push(path)
    return ''
  }
  load({ readFile, environment: { CODEX_HOME: '/home/u/.codex', HOME: '/home/u' } })
  expect(read).toEqual([])
})

test('warnings about unknown variables come with the settings', () => {
  expect(load({ environment: { EXECGATE_COLOUR: 'red' } }).warnings).toHaveLength(1)
})

describe('the log level of exec-server', () => {
  const environment = { RUST_LOG: 'debug' }

  test('follows RUST_LOG when no source of ours says anything', () => {
    expect(load({ environment }).settings.logLevel).toBe('debug')
    expect(load({ environment: {} }).settings.logLevel).toBe('error')
    expect(load({ command: 'serve', environment }).settings.logLevel).toBe('info')
  })

  test('prefers flag, variable and file to RUST_LOG', () => {
    expect(load({ environment, argv: ['--log-level=warn'] }).settings.logLevel).toBe('warn')
    expect(load({ environment: { ...environment, EXECGATE_LOG_LEVEL: 'warn' } }).settings.logLevel).toBe('warn')
    expect(load({ environment, argv: ['--config', configPath], file: 'log_level = "warn"' }).settings.logLevel).toBe(
      'warn',
    )
  })
})

test('--concurrent-requests of exec-server takes a positive integer', () => {
  expect(load({ argv: ['--concurrent-requests', '16'] }).settings.concurrentRequests).toBe(16)
  for (const text of ['0', '-1', 'many', '1.5']) {
    expect(problemOf({ argv: ['--concurrent-requests', text] })).toMatch(/^--concurrent-requests: .* at least 1$/)
  }
})

test('whatever it is given, it answers with settings or with one line', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.constantFrom(
      '80s',
      '70s',
      '2MiB',
      '2000',
      'true',
      'off',
      'ws://[::]:1',
      'ws://127.0.0.1:1',
      'stdio',
      '__proto__',
    ),
  )
  const flag = fc.constantFrom(...optionKeys.map(flagOf), '--no-watchdog', '--config', '--remote', '--x', 'forward')
  const argument = fc.oneof(
    flag,
    value,
    fc.tuple(flag, value).map(pair => pair.join('=')),
  )
  const variable = fc.oneof(fc.constantFrom(...optionKeys.map(variableOf), 'EXECGATE_CONFIG', 'RUST_LOG'), value)
  const native = fc.oneof(
    value.map(text => JSON.stringify(text)),
    fc.constantFrom('1', '-1', '1.5', 'true', '[]', '{}', '1979-05-27'),
  )
  const line = fc
    .tuple(fc.oneof(fc.constantFrom(...optionKeys.map(fileKeyOf)), value), native)
    .map(pair => pair.join(' = '))
  const file = fc.oneof(
    fc.array(line, { maxLength: 4 }).map(lines => lines.join('\n')),
    value,
    fc.constant(undefined),
  )

  let accepted = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...commands),
      fc.array(argument, { maxLength: 5 }),
      fc.dictionary(variable, value, { maxKeys: 5 }),
      file,
      (command, argv, environment, text) => {
        const readFile = (path: string): string => text ?? noFile(path)
        const loaded = loadSettings({ command, argv, environment, readFile })
        if (isProblem(loaded)) {
          expect(loaded.problem).toMatch(/^[^\p{Cc}]+$/u)
          return
        }
        accepted += 1
        expect(Object.keys(loaded.settings)).toEqual(optionKeys)
      },
    ),
    { numRuns: 2000 },
  )
  expect(accepted).toBeGreaterThan(0)
})

test('options a command does not take keep their default', () => {
  const untaken = optionKeys.filter(key => !takes('serve', key))
  expect(untaken).toEqual(['concurrentRequests'])
  const environment = { EXECGATE_CONCURRENT_REQUESTS: '9' }
  expect(load({ command: 'serve', environment }).settings.concurrentRequests).toBe(1)
})
