import fc from 'fast-check'
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
    [entry('id = "a"\nurl = "http://u:secret@a?token=1"'), 'environment url `http://a` must use ws:// or wss://'],
    [
      entry('id = "a"\nurl = "ws://u:se/cr@et@a:99999"'),
      'environment url `ws://a:99999` is invalid: it cannot be parsed',
    ],
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

it('answers with a plan or with one line, whatever it is given', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'build',
      'local',
      'none',
      '',
      ' ',
      'ws://h:1',
      'wss://u:secret@h/?token=secret',
      'http://h',
      '__proto__',
    ),
    fc.string({ unit: 'binary', maxLength: 70 }),
  )
  const value = fc.oneof(
    { weight: 4, arbitrary: word.map(text => JSON.stringify(text)) },
    fc.constantFrom(
      '1',
      '-1',
      '1e400',
      'nan',
      'true',
      '[]',
      '{}',
      '["a"]',
      '{ A = "1" }',
      '1979-05-27',
      '9223372036854775807',
    ),
    fc.nat({ max: 3000 }).map(depth => '['.repeat(depth) + ']'.repeat(depth)),
  )
  const topKey = fc.constantFrom('default', 'include_local', 'environments', 'environments.id', '__proto__', 'x')
  const entryKey = fc.oneof(
    fc.constantFrom('id', 'url'),
    fc.constantFrom('auth_bearer_token', 'program', 'args', 'env', 'cwd', 'skills', 'constructor'),
    fc.constantFrom('connect_timeout_sec', 'initialize_timeout_sec'),
  )
  const lines = (key: fc.Arbitrary<string>) =>
    fc
      .uniqueArray(fc.tuple(key, value), { maxLength: 4, selector: ([name]) => name })
      .map(all => all.map(pair => pair.join(' = ')))
  const text = fc
    .tuple(lines(topKey), fc.array(lines(entryKey), { maxLength: 3 }))
    .map(([top, entries]) => [...top, ...entries.flatMap(each => ['[[environments]]', ...each])].join('\n'))
  const counts = { plan: 0, problem: 0 }
  fc.assert(
    fc.property(fc.oneof({ weight: 8, arbitrary: text }, word), given => {
      const outcome = read(given)
      counts['problem' in outcome ? 'problem' : 'plan'] += 1
      if ('problem' in outcome) expect(outcome.problem).toMatch(/^environments\.toml: [^\p{Cc}]+$/u)
      else for (const id of outcome.remotes.keys()) expect(id).toMatch(/^[\w-]{1,64}$/)
    }),
    { numRuns: 3000 },
  )
  expect(counts.plan).toBeGreaterThan(20)
  expect(counts.problem).toBeGreaterThan(20)
})
