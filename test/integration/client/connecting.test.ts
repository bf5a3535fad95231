import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { ExecClient } from '../../../src/client/execgate-client.ts'
import { Timers } from '../../../src/lifecycle/timers.ts'
import { connectClient } from '../../support/connected-client.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeTimers } from '../../support/fake-timers.ts'
import { childrenOf } from '../../support/leak-check.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

/** A server on standard streams, as a script of Node. */
const speaking = (script: string) => ({ command: process.execPath, args: ['-e', script] })

/** Answers `initialize`, then does what the script says with each further line. */
const greeting = (then: string) => `
  const lines = require('node:readline').createInterface({ input: process.stdin })
  const say = message => console.log(JSON.stringify(message))
  lines.on('line', line => {
    const message = JSON.parse(line)
    if (message.method === 'initialize') return say({ id: message.id, result: { sessionId: 's' } })
    ${then}
  })`

it('introduces itself, asks for a new session and says that it is ready', async () => {
  await using stage = await connectClient({ clientName: 'me' })
  const [initialize, initialized] = stage.connection.sent
  expect(initialize).toEqual({ id: 1, method: 'initialize', params: { clientName: 'me', resumeSessionId: null } })
  expect(initialized).toEqual({ method: 'initialized', params: {} })
  expect(stage.client.sessionId).toBe('session-1')
  expect(stage.client.state).toBe('connected')
})

it('gives up when the handshake is not answered in time, and lets go of the connection', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url, { handshakeTimeoutMs: 100 })
  await expect(connecting).rejects.toMatchObject({
    kind: 'connectTimedOut',
    message: 'timed out waiting for exec-server initialize handshake after 100ms',
  })
  const connection = await server.connection()
  await connection.over
  expect(connection.count('initialize')).toBe(1)
})

it('gives up when the upgrade is not answered in time', async () => {
  await using stage = new AsyncDisposableStack()
  const silent = net.createServer(socket => stage.defer(() => void socket.destroy())).listen(0, '127.0.0.1')
  stage.defer(() => void silent.close())
  await once(silent, 'listening')
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`
  await expect(ExecClient.connect(`${url}/?token=secret`, { connectTimeoutMs: 100 })).rejects.toMatchObject({
    kind: 'connectTimedOut',
    message: `timed out connecting to exec-server websocket \`${url}/\` after 100ms`,
  })
})

it('says why a server cannot be connected to, without its credentials', async () => {
  await using server = await ScriptedServer.open()
  server.refusesWith = 401
  const { port } = new URL(server.url)
  await expect(ExecClient.connect(`ws://me:secret@127.0.0.1:${port}`)).rejects.toMatchObject({
    kind: 'connectFailed',
    isRetryable: true,
    message: `failed to connect to exec-server websocket \`ws://127.0.0.1:${port}\`: Unexpected server response: 401`,
  })
  await expect(ExecClient.connect('ws://me:secret@127.0.0.1:99999')).rejects.toMatchObject({
    kind: 'connectFailed',
    message: 'failed to connect to exec-server websocket `ws://127.0.0.1:99999`: Invalid URL',
    cause: expect.objectContaining({ message: 'Invalid URL' }),
  })
  await expect(ExecClient.connect('http:')).rejects.toMatchObject({ kind: 'connectFailed' })
})

it('takes a session up at the first connection, and what is pushed before the reply', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url, { resumeSessionId: 'known' })
  const connection = await server.connection()
  const initialize = await connection.takes('initialize')
  expect(initialize.params).toMatchObject({ resumeSessionId: 'known' })
  for (let seq = 1; seq <= 256; seq++) connection.output('somebody', seq)
  connection.replies(initialize, { sessionId: 'known', whoKnows: 1 })
  await using client = await connecting
  await connection.takes('initialized')
  expect(client.sessionId).toBe('known')
})

it('sends no Origin, and the headers it was given', async () => {
  await using stage = await connectClient({ headers: { authorization: 'Bearer token' } })
  const [upgrade] = stage.server.upgrades
  expect(upgrade?.headers['origin']).toBeUndefined()
  expect(upgrade?.headers['authorization']).toBe('Bearer token')
  expect(upgrade?.headers['sec-websocket-extensions']).toBeUndefined()
})

it('gives up connecting when the caller does', async () => {
  await using server = await ScriptedServer.open()
  const abort = new AbortController()
  const connecting = ExecClient.connect(server.url, { signal: abort.signal })
  await server.connection()
  abort.abort(new Error('changed my mind'))
  await expect(connecting).rejects.toThrow('changed my mind')
})

it('starts no server when the caller has given up already', async () => {
  using folder = new ScratchFolder()
  const server = { command: 'touch', args: [`${folder.path}/started`] }
  const signal = AbortSignal.abort(new Error('changed my mind'))
  await expect(ExecClient.connect(server, { signal })).rejects.toThrow('changed my mind')
  expect(readdirSync(folder.path)).toEqual([])
})

it('refuses a greeting that is none', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  connection.replies(await connection.takes('initialize'), { session: 1 })
  await expect(connecting).rejects.toMatchObject({ kind: 'protocolViolation' })
})

it('gives a silent peer up, and takes its session up again', async () => {
  fakeTimers()
  await using stage = await connectClient({ silenceMs: 60 })
  // The peer is there but its network is not: nothing is answered, not even pings.
  stage.connection.freezes()
  await vi.advanceTimersByTimeAsync(60)
  const next = await stage.server.connection()
  expect((await next.greets()).params).toMatchObject({ resumeSessionId: 'session-1' })
  await stage.reaches('connected')
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it('takes an option that is undefined for one that is not given', async () => {
  const every = vi.spyOn(Timers.prototype, 'every')
  const options = { clientName: undefined, silenceMs: undefined, recoveryMs: undefined } as object
  await using stage = await connectClient(options)
  expect(stage.connection.sent[0]?.params).toMatchObject({ clientName: 'execgate-client' })
  expect(every).toHaveBeenCalledExactlyOnceWith(15_000, expect.any(Function))
  every.mockRestore()
})

it('closes a connection whose server breaks the rules of WebSocket meanwhile', async () => {
  await using stage = await connectClient()
  const detached = stage.client.detach()
  // A frame with bits that are reserved.
  stage.connection.writes(Buffer.from([0xf1, 0x01, 0x41]))
  await expect(detached).resolves.toBeUndefined()
})

it.each([
  [{ command: '/no/such/server' }, 'spawn /no/such/server ENOENT'],
  [{ command: '/dev/null/server' }, 'spawn ENOTDIR'],
  [{ command: 'true', args: ['x'.repeat(3_000_000)] }, 'spawn E2BIG'],
])('says that a server cannot be started: %o', async (server, why) => {
  await expect(ExecClient.connect(server)).rejects.toMatchObject({
    kind: 'spawnFailed',
    message: `failed to spawn exec-server: ${why}`,
  })
})

it('says at once that there is nothing to be heard from streams that are over', async () => {
  const streams = { input: new PassThrough(), output: new PassThrough() }
  streams.input.destroy()
  await once(streams.input, 'close')
  await expect(ExecClient.connect(streams)).rejects.toMatchObject({ kind: 'disconnected' })
})

it('fails what waits for a server that reads nothing any more, and says nothing', async () => {
  const streams = { input: new PassThrough(), output: new PassThrough() }
  const connecting = ExecClient.connect(streams)
  streams.input.write(`${JSON.stringify({ id: 1, result: { sessionId: 's' } })}\n`)
  await using client = await connecting
  const waiting = client.call('environment/status', null)
  streams.output.destroy(new Error('broken pipe'))
  await expect(waiting).rejects.toMatchObject({ kind: 'disconnected' })
  expect(client.state).toBe('failed')
})

it('lets go of a server whose daemon holds its standard error open', async () => {
  const daemon = `
    const daemon = require('node:child_process').spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
    const line = require('node:readline').createInterface({ input: process.stdin })
    line.once('line', () => console.log(JSON.stringify({ id: 1, result: { sessionId: String(daemon.pid) } })))`
  const client = await ExecClient.connect(speaking(daemon))
  await using stage = new AsyncDisposableStack()
  stage.defer(() => void process.kill(Number(client.sessionId)))
  await client.detach()
  expect(childrenOf('self')).toEqual([])
})

it('ends for good when a server on standard streams says what is no message', async () => {
  const server = speaking(greeting(`if (message.method === 'initialized') console.log('not json')`))
  await using client = await ExecClient.connect(server)
  await expect(client.call('process/terminate', { processId: 'p' })).rejects.toThrow(
    'exec-server transport disconnected',
  )
  expect(client.state).toBe('failed')
  await eventually(() => childrenOf('self').length === 0, 'the server is gone')
})

it('ends the server with the client, by SIGKILL if it must', async () => {
  const deaf = `process.on('SIGTERM', () => {}); ${greeting('')}; setInterval(() => {}, 1000)`
  const client = await ExecClient.connect(speaking(deaf))
  expect(childrenOf('self')).toHaveLength(1)
  await client.detach()
  expect(childrenOf('self')).toEqual([])
})

it('fails what runs when a server on standard streams ends, and everything after', async () => {
  const server = speaking(
    greeting(`
    if (message.method === 'environment/info') say({ id: message.id, result: { shell: { name: 'sh', path: '/bin/sh' } } })
    if (message.method === 'process/start') say({ id: message.id, result: { processId: message.params.processId } })
    if (message.method === 'process/signal') process.exit()`),
  )
  await using client = await ExecClient.connect(server)
  await using started = await client.start(['sleep', '1'], { processId: 'p' })
  const waiting = started.wait()
  await expect(started.interrupt()).rejects.toMatchObject({ kind: 'disconnected' })
  await expect(waiting).rejects.toMatchObject({ kind: 'sessionLost', message: 'exec-server transport disconnected' })
  await expect(client.start(['true'])).rejects.toMatchObject({ kind: 'sessionLost' })
  expect(client.state).toBe('failed')
})
