import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Registration } from '../../src/backends/deferred-environment.ts'
import { Environments } from '../../src/backends/environments.ts'
import { GatewayError } from '../../src/client/execgate-client.ts'
import { openEnvironments } from '../../src/open-environments.ts'
import { closedPort } from '../support/closed-port.ts'
import { failureOf } from '../support/failure-of.ts'
import { launcher, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

/** Nobody listens there. */
const nowhere = `ws://${await closedPort()}`

const noLocal = () => Promise.reject(new Error('the local environment is not wanted here'))

function empty(): Environments {
  return Environments.open({ defaultId: undefined, includesLocal: false, remotes: new Map() }, noLocal)
}

describe('environments', () => {
  it('are the one in this program, unless something else is said', async () => {
    await using environments = openEnvironments({ variables: { HOME: '/nonexistent' } })
    expect(environments.ids).toEqual(['local'])
    expect(environments.default.kind).toBe('local')
    const backend = await environments.default.use()
    expect(await backend.exec(['echo', 'here'])).toMatchObject({ stdout: 'here\n' })
    expect(await environments.default.status()).toEqual({ name: 'ready' })
  })

  it('are not opened when they have been let go of', async () => {
    const environments = openEnvironments({ variables: { HOME: '/nonexistent' } })
    const here = environments.default
    await environments[Symbol.asyncDispose]()
    const tooLate = 'environment unavailable: it was let go of'
    await expect(here.use()).rejects.toMatchObject({ kind: 'refused', message: tooLate })
    expect(() => environments.set('late', { server: nowhere })).toThrow('the environments have been let go of')
    expect(() => environments.defer('late', { server: nowhere })).toThrow('the environments have been let go of')
  })

  it('are the server of a variable', async () => {
    await using gateway = await startGateway()
    await using environments = openEnvironments({ variables: { HOME: '/nonexistent', EXECGATE_URL: gateway.url } })
    expect(environments.ids).toEqual(['remote'])
    const backend = await environments.default.use()
    expect(await backend.exec(['echo', 'there'])).toMatchObject({ stdout: 'there\n' })
    expect(await environments.default.status()).toEqual({ name: 'ready' })
  })

  it('are none when the variable says so', async () => {
    await using environments = openEnvironments({ variables: { HOME: '/nonexistent', EXECGATE_URL: ' NONE ' } })
    expect(environments.ids).toEqual([])
    expect(() => environments.default).toThrow('there is no default environment')
    expect(() => environments.get('local')).toThrow('there is no environment `local`; there are: none')
  })

  it('are what a file says, the default first', async () => {
    using folder = new ScratchFolder()
    await using gateway = await startGateway()
    mkdirSync(`${folder.path}/execgate`)
    writeFileSync(
      `${folder.path}/execgate/environments.toml`,
      `default = "build"
       [[environments]]
       id = "box"
       program = "${process.execPath}"
       args = ["${launcher}", "exec-server", "--listen", "stdio"]
       [[environments]]
       id = "build"
       url = "${gateway.url}"`,
    )
    await using environments = openEnvironments({ variables: { XDG_CONFIG_HOME: folder.path, EXECGATE_URL: nowhere } })
    expect(environments.ids).toEqual(['build', 'local', 'box'])
    expect(await (await environments.default.use()).exec(['echo', 'url'])).toMatchObject({ stdout: 'url\n' })
    const box = environments.get('box')
    expect(await box.status()).toEqual({ name: 'pending' })
    expect(await (await box.use()).exec(['echo', 'stdio'])).toMatchObject({ stdout: 'stdio\n' })
  })

  it('say what is wrong with the file', async () => {
    using folder = new ScratchFolder()
    folder.write('e.toml', '[[environments]]\nid = "a"\nurl = "ws://a"\nprogram = "p"')
    const open = (file: string) => () => openEnvironments({ variables: { EXECGATE_ENVIRONMENTS: file } })
    expect(open(`${folder.path}/e.toml`)).toThrow(
      'environments.toml: environment `a` must set exactly one of url or program',
    )
    const deep = folder.write('deep.toml', `default = ${'['.repeat(90_000)}`)
    expect(open(deep)).toThrow('cannot read environments.toml: it has more than 200 brackets open at a time')
    expect(open(`${folder.path}/none.toml`)).toThrow('cannot read environments.toml: ENOENT')
  })

  it('keep their names to themselves', () => {
    const environments = empty()
    expect(() => environments.set('local', { server: nowhere })).toThrow(
      'environment id `local` is reserved for EnvironmentManager',
    )
    expect(() => environments.set('a b', { server: nowhere })).toThrow('must contain only ASCII letters')
  })

  it('tell why one is disconnected, and connect again when it is used', async () => {
    await using environments = empty()
    const environment = environments.set('a', { server: nowhere })
    await failureOf(environment.use())
    const status = await environment.status()
    expect(status).toMatchObject({ name: 'disconnected', error: { kind: 'connectFailed' } })
    await using gateway = await startGateway()
    environments.set('a', { server: gateway.url })
    expect(await (await environments.get('a').use()).exec('true')).toMatchObject({ exitCode: 0 })
  })
})

describe('an environment that is registered later', () => {
  const ready = (...ids: string[]): Registration => ({
    outcome: 'ready',
    capabilityRoots: ids.map(id => ({ id, environmentId: 'a', path: '/' })),
  })

  it('is not connected to before it is complete', async () => {
    await using gateway = await startGateway()
    await using environments = empty()
    const environment = environments.defer('a', { server: gateway.url })
    const used = environment.use()
    expect(await environment.status()).toEqual({ name: 'pending' })
    expect(gateway.gateway.connectionMetrics.active.websocket).toBe(0)
    environment.complete(ready('root'))
    expect(await (await used).exec('true')).toMatchObject({ exitCode: 0 })
    expect(environment.capabilityRoots).toHaveLength(1)
    expect(await environment.status()).toEqual({ name: 'ready' })
  })

  it.each<[string, Registration, string]>([
    ['has failed', { outcome: 'failed', reason: 'no machine is free' }, 'environment unavailable: no machine is free'],
    ['names a root twice', ready('r', 'r'), 'environment unavailable: the capability root `r` is there twice'],
    ['names no root', ready(''), 'environment unavailable: a capability root has an empty id'],
    [
      'names the root of another',
      { outcome: 'ready', capabilityRoots: [{ id: 'r', environmentId: 'b', path: '/' }] },
      'environment unavailable: the capability root `r` belongs to another environment',
    ],
    [
      'names too many roots',
      ready(...Array.from({ length: 257 }, (_, index) => `r${index}`)),
      'environment unavailable: it has 257 capability roots, more than the 256 allowed',
    ],
  ])('is unavailable for good when its registration %s', async (_what, registration, message) => {
    await using environments = empty()
    const environment = environments.defer('a', { server: nowhere })
    const used = failureOf(environment.use())
    environment.complete(registration)
    environment.complete(ready())
    expect(await used).toMatchObject({ message })
    expect(await environment.status()).toMatchObject({ name: 'disconnected', error: { message } })
  })

  it('is unavailable when whoever registers it lets go', async () => {
    await using environments = empty()
    const environment = environments.defer('a', { server: nowhere })
    const used = failureOf(environment.use())
    await environment[Symbol.asyncDispose]()
    const error = await used
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({
      message: 'environment unavailable: environment registration ended before completion',
    })
  })

  it('affects nobody else when it is completed after it was replaced', async () => {
    await using gateway = await startGateway()
    await using environments = empty()
    const old = environments.defer('a', { server: nowhere })
    const current = environments.defer('a', { server: gateway.url })
    old.complete(ready())
    expect(await current.status()).toEqual({ name: 'pending' })
    current.complete(ready())
    expect(await (await environments.get('a').use()).exec('true')).toMatchObject({ exitCode: 0 })
    expect(await failureOf(old.use())).toMatchObject({ message: expect.stringContaining('environment unavailable') })
  })
})

it('runs a command in an environment by its name', async () => {
  using folder = new ScratchFolder()
  await using gateway = await startGateway()
  folder.write('e.toml', `[[environments]]\nid = "build"\nurl = "${gateway.url}"`)
  const env = { EXECGATE_ENVIRONMENTS: `${folder.path}/e.toml` }
  const run = (name: string, ...command: string[]) =>
    Program.run(['run', '--environment', name, '--', ...command], { env })
  expect(await run('build', 'sh', '-c', 'echo $0; exit 3')).toMatchObject({ status: 3, stdout: 'sh\n' })
  expect(await run('local', 'echo', 'here')).toMatchObject({ status: 0, stdout: 'here\n' })
  expect(await run('biuld', 'true')).toMatchObject({
    status: 125,
    stderr: 'execgate: there is no environment `biuld`; there are: local, build\n',
  })
})
