import { describe, expect, it } from 'vitest'
import type { EnvironmentPolicy } from '../../src/protocol/process-schemas.ts'
import type { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

const inherited = new Map([
  ['PATH', '/usr/local/bin:/usr/bin:/bin'],
  ['HOME', '/home/u'],
  ['API_TOKEN', 's3cret'],
  ['EDITOR', 'vi'],
])

const everything: EnvironmentPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  set: {},
  includeOnly: [],
}

/** What env(1) finds, sorted. */
async function environmentOf(peer: Peer, more: Parameters<Peer['start']>[2]): Promise<string[]> {
  await peer.start('p', ['/usr/bin/env', '-0'], more)
  await peer.event('p', 'process/closed')
  return peer.output('p').toString().split('\0').slice(0, -1).toSorted()
}

describe('the environment of a process', () => {
  it('is empty when the request names nothing', async () => {
    await using gateway = await startGateway({ inherited })
    expect(await environmentOf(await gateway.connect(), { env: {} })).toEqual([])
  })

  it('is exactly what the request names without a policy', async () => {
    await using gateway = await startGateway({ inherited })
    const env = { A: '1', EMPTY: '', SPACES: ' a = b ', LINES: 'one\ntwo', NAME: 'é🦉', MY_TOKEN: 'kept' }
    const expected = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    expect(await environmentOf(await gateway.connect(), { env })).toEqual(expected.toSorted())
  })

  it('is what the policy leaves of the inherited one, with the request laid over it', async () => {
    await using gateway = await startGateway({ inherited })
    const envPolicy: EnvironmentPolicy = {
      inherit: 'all',
      ignoreDefaultExcludes: false,
      exclude: ['ho?e'],
      set: { DEPLOY_TOKEN: 'also kept', NOISE: '1' },
      includeOnly: ['PATH', '*TOKEN', 'EDITOR'],
    }
    const env = { EDITOR: 'nano', MY_KEY: 'kept' }
    expect(await environmentOf(await gateway.connect(), { envPolicy, env })).toEqual([
      'DEPLOY_TOKEN=also kept',
      'EDITOR=nano',
      'MY_KEY=kept',
      'PATH=/usr/local/bin:/usr/bin:/bin',
    ])
  })

  it('is everything that may be inherited when the policy says so', async () => {
    await using gateway = await startGateway({ inherited })
    expect(await environmentOf(await gateway.connect(), { envPolicy: everything, env: {} })).toEqual(
      Array.from(inherited, ([name, value]) => `${name}=${value}`).toSorted(),
    )
  })

  it('has the markers of the gateway besides, whatever the request says', async () => {
    await using gateway = await startGateway({ inherited, markers: () => new Map([['EXECGATE_INSTANCE', 'here']]) })
    const peer = await gateway.connect()
    expect(await environmentOf(peer, { env: { EXECGATE_INSTANCE: 'elsewhere', A: '1' } })).toEqual([
      'A=1',
      'EXECGATE_INSTANCE=here',
    ])
  })

  it('never has the credentials of executors', async () => {
    await using gateway = await startGateway({ inherited })
    const peer = await gateway.connect()
    const env = { NODE_REPL_AUTH_TOKEN: 'x', openai_identity_token_file: 'y', OPENAI_API_KEY: 'kept' }
    expect(await environmentOf(peer, { env })).toEqual(['OPENAI_API_KEY=kept'])
  })

  it('names the login shell in a terminal, and no kind of terminal', async () => {
    await using gateway = await startGateway({ inherited })
    expect(await environmentOf(await gateway.connect(), { env: {}, tty: true })).toEqual(['SHELL=/bin/sh'])
  })

  it('keeps the shell that the request names for a terminal', async () => {
    await using gateway = await startGateway({ inherited })
    const env = { SHELL: '/bin/zsh', TERM: 'dumb' }
    expect(await environmentOf(await gateway.connect(), { env, tty: true })).toEqual(['SHELL=/bin/zsh', 'TERM=dumb'])
  })
})
