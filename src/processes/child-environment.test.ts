import { describe, expect, it } from 'vitest'
import type { EnvironmentPolicy } from '../protocol/process-schemas.ts'
import { childEnvironment } from './child-environment.ts'

const inheritEverything: EnvironmentPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  set: {},
  includeOnly: [],
}

interface Given {
  readonly policy?: Partial<EnvironmentPolicy> | null
  readonly overlay?: Record<string, string>
  readonly inherited?: Record<string, string>
}

function environmentOf({ policy = {}, overlay = {}, inherited = {} }: Given): Record<string, string> {
  const computed = childEnvironment({
    policy: policy && { ...inheritEverything, ...policy },
    overlay,
    inherited: new Map(Object.entries(inherited)),
  })
  return Object.fromEntries(computed)
}

describe('the environment of a child', () => {
  it('follows the worked example of the protocol', () => {
    const environment = environmentOf({
      policy: {
        ignoreDefaultExcludes: false,
        exclude: ['ho?e'],
        set: { DEPLOY_TOKEN: 'also kept', NOISE: '1' },
        includeOnly: ['PATH', '*TOKEN', 'EDITOR'],
      },
      overlay: { EDITOR: 'nano', MY_KEY: 'kept' },
      inherited: { PATH: '/usr/bin', HOME: '/home/u', API_TOKEN: 's3cret', EDITOR: 'vi' },
    })
    expect(environment).toEqual({ PATH: '/usr/bin', DEPLOY_TOKEN: 'also kept', EDITOR: 'nano', MY_KEY: 'kept' })
  })

  it('is exactly the overlay without a policy', () => {
    const given = { overlay: { A: '1', MY_TOKEN: '2' }, inherited: { PATH: '/bin' } }
    expect(environmentOf({ policy: null, ...given })).toEqual(given.overlay)
    const overlaid = childEnvironment({ policy: undefined, overlay: given.overlay, inherited: new Map([['P', '/']]) })
    expect(Object.fromEntries(overlaid)).toEqual(given.overlay)
  })

  it('inherits everything, nothing or the core variables', () => {
    const inherited = { PATH: '/bin', Home: '/h', lc_all: 'C', EDITOR: 'vi', LC_TIME: 'C', LoгNAME: 'x' }
    expect(environmentOf({ policy: { inherit: 'all' }, inherited })).toEqual(inherited)
    expect(environmentOf({ policy: { inherit: 'none' }, inherited })).toEqual({})
    expect(environmentOf({ policy: { inherit: 'core' }, inherited })).toEqual({ PATH: '/bin', Home: '/h', lc_all: 'C' })
  })

  it('has exactly the core variables of the protocol', () => {
    const core = 'PATH SHELL TMPDIR TEMP TMP HOME LANG LC_ALL LC_CTYPE LOGNAME USER'.split(' ')
    const inherited = Object.fromEntries([...core, 'PWD', 'TERM', 'u\u017fer'].map(name => [name, '']))
    expect(Object.keys(environmentOf({ policy: { inherit: 'core' }, inherited })).toSorted()).toEqual(core.toSorted())
  })

  it('drops names that look like credentials unless told to keep them', () => {
    const inherited = { MonKEYs: '1', my_secret_x: '2', TOKENS: '3', PLAIN: '4' }
    expect(environmentOf({ policy: { ignoreDefaultExcludes: false }, inherited })).toEqual({ PLAIN: '4' })
    expect(environmentOf({ policy: { ignoreDefaultExcludes: true }, inherited })).toEqual(inherited)
  })

  it('sets variables after the excludes, over what is inherited', () => {
    const policy = { ignoreDefaultExcludes: false, exclude: ['A', 'B'], set: { A: 'set', KEY: 'set', C: 'set' } }
    const inherited = { A: 'own', B: 'own', C: 'own', D: 'own' }
    expect(environmentOf({ policy, inherited })).toEqual({ A: 'set', KEY: 'set', C: 'set', D: 'own' })
  })

  it('keeps only included names, of the set variables too', () => {
    const given = { policy: { set: { ADDED: '1' }, includeOnly: ['a'] }, inherited: { A: '1', AB: '2' } }
    expect(environmentOf(given)).toEqual({ A: '1' })
  })

  it('lays the overlay over everything, unfiltered', () => {
    const policy = { exclude: ['*'], set: { A: 'set' }, includeOnly: ['A'], ignoreDefaultExcludes: false }
    const overlay = { A: 'overlay', SECRET: 'overlay' }
    expect(environmentOf({ policy, overlay, inherited: { A: 'own', B: 'own' } })).toEqual(overlay)
  })

  it('takes names of object internals for names', () => {
    const overlay: unknown = JSON.parse('{"__proto__":"x","constructor":"y"}')
    const environment = childEnvironment({
      policy: null,
      overlay: overlay as Record<string, string>,
      inherited: new Map(),
    })
    expect([...environment]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  it.each([
    'CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN',
    'NODE_REPL_AUTH_TOKEN',
    'OPENAI_FEDERATION_RULE_ID',
    'OPENAI_IDENTITY_TOKEN_FILE',
    'OPENAI_WORKLOAD_IDENTITY_CONTEXT',
  ])('never holds %s, whoever gives it in whichever case', name => {
    const mixed = name.slice(0, 3) + name.slice(3).toLowerCase()
    expect(environmentOf({ inherited: { [name]: '1', [mixed]: '1' } })).toEqual({})
    expect(environmentOf({ policy: { set: { [name]: '1', [mixed]: '1' } } })).toEqual({})
    expect(environmentOf({ policy: null, overlay: { [name]: '1', [mixed]: '1' } })).toEqual({})
  })

  it('withholds the end-of-input switch in its exact spelling alone', () => {
    const overlay = { CODEX_EXEC_SERVER_EXIT_ON_STDIN_CLOSE: '1', codex_exec_server_exit_on_stdin_close: '1' }
    expect(environmentOf({ overlay })).toEqual({ codex_exec_server_exit_on_stdin_close: '1' })
  })

  it('keeps names that only resemble the withheld ones', () => {
    const overlay = { OPENAI_API_KEY: '1', CODEX_API_KEY: '2', CODEX_SANDBOX: '3', NODE_REPL_AUTH_TOKEN: '4' }
    expect(environmentOf({ overlay })).toEqual(overlay)
  })

  it('leaves what it was given alone', () => {
    const inherited = new Map([['A', '1']])
    childEnvironment({ policy: { ...inheritEverything, exclude: ['*'] }, overlay: { B: '2' }, inherited })
    expect([...inherited]).toEqual([['A', '1']])
  })
})
