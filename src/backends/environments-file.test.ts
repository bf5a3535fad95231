import { describe, expect, it } from 'vitest'
import { planForUrl, readEnvironmentsFile } from './environments-file.ts'

const read = (text: string) => readEnvironmentsFile(text, '/etc/execgate')

const entry = (keys: string) => `[[environments]]\n${keys}\n`

describe('environments.toml', () => {
  it('names servers with a URL and servers that are started', () => {
    const text = `
      default = " build "
      [[environments]]
      id = "build"
      url = " wss://build.example/exec "
      auth_bearer_token = " abc.DEF-1~/+== "
      skills = false
      connect_timeout_sec = 2.5
      initialize_timeout_sec = 1
      [[environments]]
      id = "box_1"
      program = " ssh "
      args = ["box", "execgate exec-server --listen stdio"]
      env = { A = "1" }
      cwd = "tools"
    `
    expect(read(text)).toEqual({
      defaultId: 'build',
      includesLocal: true,
      remotes: new Map([
        [
          'build',
          {
            server: 'wss://build.example/exec',
            connectTimeoutMs: 2500,
            handshakeTimeoutMs: 1000,
            headers: { authorization: 'Bearer abc.DEF-1~/+==' },
          },
        ],
        [
          'box_1',
          {
            server: {
              command: 'ssh',
              args: ['box', 'execgate exec-server --listen stdio'],
              env: { A: '1' },
              cwd: '/etc/execgate/tools',
            },
          },
        ],
      ]),
    })
  })

  it.each([
    ['', 'local', true],
    ['include_local = false', undefined, false],
    ['default = "none"', undefined, true],
    ['default = " NONE "', undefined, true],
    ['default = "local"', 'local', true],
    [`default = "remote"\n${entry('id = "remote"\nurl = "ws://a"')}`, 'remote', true],
  ])('%j has the default it says', (text, defaultId, includesLocal) => {
    expect(read(text)).toMatchObject({ defaultId, includesLocal })
  })

  const long = 'x'.repeat(65)
  it.each([
    [entry('id = ""\nurl = "ws://a"'), 'environment id cannot be empty'],
    [entry('id = " a"\nurl = "ws://a"'), 'environment id ` a` must not contain surrounding whitespace'],
    [entry('id = "local"\nurl = "ws://a"'), 'environment id `local` is reserved'],
    [entry('id = "None"\nurl = "ws://a"'), 'environment id `None` is reserved'],
    [entry(`id = "${long}"\nurl = "ws://a"`), `environment id \`${long}\` cannot be longer than 64 characters`],
    [entry('id = "a.b"\nurl = "ws://a"'), "environment id `a.b` must contain only ASCII letters, numbers, '-' or '_'"],
    [entry('id = "ä"\nurl = "ws://a"'), "environment id `ä` must contain only ASCII letters, numbers, '-' or '_'"],
    [entry('id = "a"\nurl = "http://a"'), 'environment url `http://a` must use ws:// or wss://'],
    [entry('id = "a"\nurl = " "'), 'environment url cannot be empty'],
    [entry('id = "a"\nurl = "ws://["'), 'environment url `ws://[` is invalid: it cannot be parsed'],
    [entry('id = "a"\nurl = "http://u:secret@a?token=1"'), 'environment url `http://…@a?…` must use ws:// or wss://'],
    [entry('id = "a"'), 'environment `a` must set exactly one of url or program'],
    [entry('id = "a"\nurl = "ws://a"\nprogram = "p"'), 'environment `a` must set exactly one of url or program'],
    [entry('id = "a"\nprogram = " "'), 'environment `a` program cannot be empty'],
    [entry('id = "a"\nurl = "ws://a"\nargs = []'), 'environment `a` args, env, and cwd require program'],
    [entry('id = "a"\nurl = "ws://a"\ncwd = "."'), 'environment `a` args, env, and cwd require program'],
    [entry('id = "a"\nprogram = "p"\nconnect_timeout_sec = 1'), 'environment `a` connect_timeout_sec requires url'],
    [entry('id = "a"\nprogram = "p"\nauth_bearer_token = "t"'), 'environment `a` auth_bearer_token requires url'],
    [entry('id = "a"\nurl = "ws://a"\nauth_bearer_token = ""'), 'environment `a` auth_bearer_token is no bearer token'],
    [
      entry('id = "a"\nurl = "ws://a"\nauth_bearer_token = "secret\\r\\nx: y"'),
      'environment `a` auth_bearer_token is no bearer token',
    ],
    [entry('id = "a"\nurl = "ws://a"').repeat(2), 'environment id `a` is duplicated'],
    ['default = "b"', 'default environment `b` is not configured'],
    ['default = "local"\ninclude_local = false', 'default environment `local` is not configured'],
    ['default = " "', 'default environment id cannot be empty'],
    ['defualt = "a"', 'the file: Unrecognized key: "defualt"'],
    [entry('id = "a"\nurl = "ws://a"\ncolour = "red"'), 'environments.0: Unrecognized key: "colour"'],
    [entry('id = "a"\nurl = "ws://a"\nconnect_timeout_sec = 0'), 'environments.0.connect_timeout_sec: Too small'],
    [entry('id = 7\nurl = "ws://a"'), 'environments.0.id: Invalid input: expected string'],
    ['default =', 'line 1, column 10: '],
  ])('%j is refused in a sentence', (text, problem) => {
    expect(read(text)).toEqual({ problem: expect.stringContaining(`environments.toml: ${problem}`) })
  })
})

describe('a single URL', () => {
  it.each([
    [undefined, { defaultId: 'local', includesLocal: true, remotes: new Map() }],
    ['  ', { defaultId: 'local', includesLocal: true, remotes: new Map() }],
    [' NONE ', { defaultId: undefined, includesLocal: false, remotes: new Map() }],
    [
      ' ws://a:1 ',
      { defaultId: 'remote', includesLocal: false, remotes: new Map([['remote', { server: 'ws://a:1' }]]) },
    ],
    ['a:1', { problem: 'environment url `a:1` must use ws:// or wss://' }],
  ])('%j is understood', (url, plan) => {
    expect(planForUrl(url)).toEqual(plan)
  })
})
