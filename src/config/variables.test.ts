import { describe, expect, test } from 'vitest'
import { readStockVariables, readVariables } from './variables.ts'

test('a variable of an option is read', () => {
  const { given, warnings } = readVariables({ EXECGATE_GRACE: '5s', PATH: '/usr/bin' }, 'serve')
  expect(given).toEqual(new Map([['graceMs', { source: 'EXECGATE_GRACE', value: '5s' }]]))
  expect(warnings).toEqual([])
})

test('an empty variable counts as not set', () => {
  const { given, configPath } = readVariables({ EXECGATE_GRACE: '', EXECGATE_CONFIG: '' }, 'serve')
  expect(given).toEqual(new Map())
  expect(configPath).toBeUndefined()
})

test('a variable of an option that only the other command takes is passed over in silence', () => {
  const environment = { EXECGATE_CONCURRENT_REQUESTS: 'many' }
  expect(readVariables(environment, 'serve')).toMatchObject({ given: new Map(), warnings: [] })
  expect(readVariables(environment, 'exec-server').given.size).toBe(1)
})

describe('unknown variables', () => {
  test('are warned about by name, never by value', () => {
    const { warnings } = readVariables({ EXECGATE_DETACHED_SESION: 's3cret', EXECGATE_COLOUR: 's3cret' }, 'serve')
    expect(warnings).toEqual([
      'the variable EXECGATE_DETACHED_SESION is set, but no option has that name; did you mean EXECGATE_DETACHED_SESSION?',
      'the variable EXECGATE_COLOUR is set, but no option has that name',
    ])
  })

  test.each([
    'EXECGATE_PORT',
    'EXECGATE_PORT_7777_TCP',
    'EXECGATE_PORT_7777_TCP_ADDR',
    'EXECGATE_SERVICE_HOST',
    'EXECGATE_SERVICE_PORT_HTTP',
    'EXECGATE_URL',
    'EXECGATE_ENVIRONMENTS',
    'EXECGATE_INSTANCE',
    'EXECGATE_CONFIG',
    'CODEX_HOME',
    'execgate_grace',
  ])('%s is no mistake', name => {
    expect(readVariables({ [name]: 'tcp://10.0.0.1:7777' }, 'serve')).toMatchObject({ given: new Map(), warnings: [] })
  })

  test.each(['EXECGATE_PORTS', 'EXECGATE_SERVICE', 'EXECGATE_'])('%s may be one', name => {
    expect(readVariables({ [name]: '1' }, 'serve').warnings).toHaveLength(1)
  })
})

describe('RUST_LOG', () => {
  test.each([
    ['error', 'error'],
    ['warn', 'warn'],
    ['INFO', 'info'],
    [' debug ', 'debug'],
    ['trace', 'trace'],
    ['off', 'fatal'],
  ])('the bare level %j is the level %s of exec-server', (text, value) => {
    expect(readStockVariables({ RUST_LOG: text }, 'exec-server')).toEqual(
      new Map([['logLevel', { source: 'RUST_LOG', value }]]),
    )
  })

  test.each(['', 'codex=debug', 'info,hyper=warn', 'verbose', 'fatal'])('the filter %j says nothing', text => {
    expect(readStockVariables({ RUST_LOG: text }, 'exec-server').size).toBe(0)
  })

  test('serve does not read it', () => {
    expect(readStockVariables({ RUST_LOG: 'debug' }, 'serve').size).toBe(0)
  })
})
