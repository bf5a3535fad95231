import { describe, expect, it } from 'vitest'
import { inheritableEnvironment } from './inherited-environment.ts'

function inheritable(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(inheritableEnvironment(environment))
}

const npm = { npm_lifecycle_event: 'start', npm_node_execpath: '/n/node', npm_config_cache: '/c' }

describe('the inheritable environment', () => {
  it('is without settings and telemetry credentials of the gateway', () => {
    const kept = {
      PATH: '/bin',
      MY_EXECGATE_X: '1',
      execgate_x: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
      OTEL_HEADERS: '1',
    }
    const dropped = {
      EXECGATE_CONFIG: '1',
      EXECGATE_TOKEN: '2',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=b',
    }
    expect(inheritable({ ...kept, ...dropped })).toEqual(kept)
  })

  it('is without variables that are not UTF-8', () => {
    expect(inheritable({ A: 'x\ufffdy', 'B\ufffd': 'x', C: 'fine', D: undefined })).toEqual({ C: 'fine' })
  })

  it('is without what npm adds when it runs the gateway', () => {
    const own = { HOME: '/h', NPM_TOKEN: 'user', PATH: '/usr/bin:/bin' }
    const npmPath = '/p/a/node_modules/.bin:/p/node_modules/.bin:/node_modules/.bin:/npm/lib/node-gyp-bin'
    const added = { ...npm, INIT_CWD: '/p/a', NODE: '/n/node', PATH: `${npmPath}:${own.PATH}` }
    expect(inheritable({ ...own, ...added })).toEqual(own)
  })

  it('keeps all of that when npm does not run the gateway', () => {
    const environment = {
      INIT_CWD: '/p',
      NODE: '/n/node',
      npm_node_execpath: '/n/node',
      npm_config_cache: '/c',
      PATH: '/p/node_modules/.bin:/npm/node-gyp-bin:/bin',
    }
    expect(inheritable(environment)).toEqual(environment)
  })

  it('keeps a NODE of the user', () => {
    expect(inheritable({ ...npm, NODE: '/my/node' })).toEqual({ NODE: '/my/node' })
  })

  it.each([
    [
      'of a script run by a script',
      '/a/node_modules/.bin:/g/node-gyp-bin:/a/node_modules/.bin:/g/node-gyp-bin:/bin',
      '/bin',
    ],
    [
      "before a user's own .bin directory",
      '/a/node_modules/.bin:/g/node-gyp-bin:/u/node_modules/.bin:/bin',
      '/u/node_modules/.bin:/bin',
    ],
    [
      'unless something else leads',
      '/bin:/a/node_modules/.bin:/g/node-gyp-bin',
      '/bin:/a/node_modules/.bin:/g/node-gyp-bin',
    ],
    ['only when they are marked as npm marks them', '/a/node_modules/.bin:/bin', '/a/node_modules/.bin:/bin'],
    ['but not the empty entry after them', '/g/node-gyp-bin::/bin', ':/bin'],
    ['and with them PATH when it held nothing else', '/a/node_modules/.bin:/g/node-gyp-bin', undefined],
  ])('drops the directories of npm %s', (_case, given, expected) => {
    expect(inheritable({ ...npm, PATH: given })['PATH']).toBe(expected)
  })

  it('invents no PATH', () => {
    expect(inheritable(npm)).toEqual({})
  })
})
