import { expect, it } from 'vitest'
import { LazyClient } from '../../../src/client/execgate-client.ts'
import { eventually } from '../../support/eventually.ts'
import { failureOf } from '../../support/failure-of.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { startGateway } from '../../support/start-gateway.ts'

it('connects with the first use, once for everybody', async () => {
  await using server = await ScriptedServer.open()
  await using lazy = new LazyClient(server.url)
  expect(await lazy.status()).toBe('pending')
  expect(server.upgrades).toHaveLength(0)
  const users = Promise.all([lazy.use(), lazy.use(), lazy.use()])
  expect(await lazy.status()).toBe('pending')
  await (await server.connection()).greets()
  expect(new Set(await users).size).toBe(1)
  expect(server.upgrades).toHaveLength(1)
})

it('tries again with the next use what may succeed another time', async () => {
  await using server = await ScriptedServer.open()
  await using lazy = new LazyClient(server.url)
  server.refusesWith = 503
  await expect(lazy.use()).rejects.toMatchObject({ kind: 'connectFailed' })
  expect(await lazy.status()).toBe('disconnected')
  expect(lazy.failure).toMatchObject({ kind: 'connectFailed' })
  server.refusesWith = undefined
  const using = lazy.use()
  await (await server.connection()).greets()
  expect((await using).state).toBe('connected')
})

it('remembers what cannot, as the same error for everybody', async () => {
  await using lazy = new LazyClient({ command: '/no/such/server' })
  const [first, second] = [await failureOf(lazy.use()), await failureOf(lazy.use())]
  expect(first).toMatchObject({ kind: 'spawnFailed' })
  expect(second).toBe(first)
  expect(await lazy.status()).toBe('disconnected')
})

it('starts a new session when one was lost, and a failed attempt in between does not stick', async () => {
  await using server = await ScriptedServer.open()
  await using lazy = new LazyClient(server.url, { retryMs: 1 })
  const using = lazy.use()
  const connection = await server.connection()
  await connection.greets('first')
  const first = await using
  await connection.drops()
  const second = await server.connection()
  second.refuses(await second.takes('initialize'), -32600, 'unknown session id first')
  await eventually(() => first.state === 'failed', 'the first session is lost')
  expect(await lazy.status()).toBe('disconnected')
  server.refusesWith = 503
  await expect(lazy.use()).rejects.toMatchObject({ kind: 'connectFailed' })
  server.refusesWith = undefined
  const again = lazy.use()
  expect((await (await server.connection()).greets('second')).params).toMatchObject({ resumeSessionId: null })
  expect((await again).sessionId).toBe('second')
})

it('keeps a client that is resuming its session', async () => {
  await using server = await ScriptedServer.open()
  await using lazy = new LazyClient(server.url, { retryMs: 1 })
  const using = lazy.use()
  const connection = await server.connection()
  await connection.greets()
  const client = await using
  server.refusesWith = 503
  await connection.drops()
  await server.upgradesReach(2)
  expect(await lazy.status()).toBe('disconnected')
  expect(await lazy.use()).toBe(client)
  server.refusesWith = undefined
  const next = await server.connection()
  await next.greets()
  await eventually(() => client.state === 'connected', 'the session is resumed')
  const status = lazy.status()
  next.replies(await next.takes('environment/status'), { status: 'ready' })
  expect(await status).toBe('ready')
})

it('does not start a server on standard streams again', async () => {
  const script = `process.stdin.once('data', line => {
    console.log(JSON.stringify({ id: JSON.parse(String(line).split('\\n')[0]).id, result: { sessionId: 's' } }))
    process.stdin.on('data', () => process.exit())
  })`
  await using lazy = new LazyClient({ command: process.execPath, args: ['-e', script] })
  const client = await lazy.use()
  await eventually(() => client.state === 'failed', 'the server is gone')
  expect(await lazy.use()).toBe(client)
  await expect(lazy.exec(['true'])).rejects.toMatchObject({ kind: 'sessionLost' })
})

it('gives up connecting when it is closed', async () => {
  await using server = await ScriptedServer.open()
  const lazy = new LazyClient(server.url)
  const failure = failureOf(lazy.use())
  await server.connection()
  await lazy[Symbol.asyncDispose]()
  expect(await failure).toMatchObject({ message: 'the client was closed' })
  await expect(lazy.use()).rejects.toThrow('the client was closed')
})

it('runs commands', async () => {
  await using gateway = await startGateway()
  await using lazy = new LazyClient(gateway.url)
  expect(await lazy.exec(['echo', 'hello'])).toMatchObject({ stdout: 'hello\n' })
  await using process = await lazy.start(['sleep', '60'])
  expect(await process.kill()).toBe(true)
})

it('is disposed for a second caller when it is for the first', async () => {
  await using server = await ScriptedServer.open()
  const lazy = new LazyClient(server.url)
  const using = lazy.use()
  const connection = await server.connection()
  await connection.greets()
  await using
  // Its goodbye is not answered.
  connection.freezes()
  const ends: string[] = []
  const [first, second] = [lazy[Symbol.asyncDispose](), lazy[Symbol.asyncDispose]()]
  await Promise.all([first.then(() => ends.push('first')), second.then(() => ends.push('second'))])
  expect(ends).toEqual(['first', 'second'])
})

it('lets go of whoever gives up while it connects, and goes on for the others', async () => {
  await using server = await ScriptedServer.open()
  await using lazy = new LazyClient(server.url)
  const abort = new AbortController()
  const failures = Promise.all([
    failureOf(lazy.exec(['x'], { signal: abort.signal })),
    failureOf(lazy.start(['x'], { signal: abort.signal })),
    failureOf(lazy.fetch('http://x', { signal: abort.signal })),
  ])
  const other = lazy.use()
  abort.abort(new Error('no more'))
  expect(await failures).toEqual([abort.signal.reason, abort.signal.reason, abort.signal.reason])
  await (await server.connection()).greets()
  expect((await other).state).toBe('connected')
})
