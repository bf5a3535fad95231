import { expect, it } from 'vitest'
import { ExecClient, type Process } from '../../../src/client/execgate-client.ts'
import { type ConnectedClient, connectClient } from '../../support/connected-client.ts'
import { failureOf } from '../../support/failure-of.ts'
import { chunksOf, environment, quietPage, ScriptedServer } from '../../support/scripted-server.ts'

async function start({ client, connection }: ConnectedClient, processId = 'p'): Promise<Process> {
  const starting = client.start(['x'], { processId })
  await connection.starts()
  return starting
}

async function textOf(process: Process): Promise<string> {
  let text = ''
  for await (const { bytes } of process.output) text += bytes.toString()
  return text
}

const numbered = (first: number, last: number) => {
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index};`).join('')
}

it('delivers what is pushed before the start is answered', async () => {
  await using stage = await connectClient()
  const starting = stage.client.start(['x'], { processId: 'p' })
  const request = await stage.connection.takes('process/start')
  for (const seq of [1, 2, 3]) stage.connection.output('p', seq)
  stage.connection.replies(request, { processId: 'p' })
  const started = await starting
  stage.connection.exited('p', 4, 0)
  stage.connection.closed('p', 5)
  expect(await textOf(started)).toBe('1;2;3;')
})

it('puts events in order that arrive in another one, and ignores repeated ones', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  stage.connection.output('p', 3)
  stage.connection.closed('p', 5)
  stage.connection.output('p', 1)
  stage.connection.output('p', 2)
  stage.connection.output('p', 2)
  stage.connection.exited('p', 4, 7)
  expect(await textOf(started)).toBe('1;2;3;')
  expect(await started.wait()).toEqual({ exitCode: 7, sandboxDenied: false, receipt: undefined })
})

it('fails only the process whose events cannot be put in order', async () => {
  await using stage = await connectClient()
  const [broken, other] = [await start(stage, 'broken'), await start(stage, 'other')]
  for (let seq = 2; seq <= 258; seq++) stage.connection.output('broken', seq)
  stage.connection.output('other', 1)
  stage.connection.exited('other', 2, 0)
  stage.connection.closed('other', 3)
  await expect(textOf(broken)).rejects.toMatchObject({
    kind: 'processFailed',
    message: 'process event reorder buffer exceeds 256 entries',
  })
  expect(await textOf(other)).toBe('1;')
  expect(await broken.read()).toMatchObject({
    closed: true,
    failure: 'process event reorder buffer exceeds 256 entries',
  })
  // It runs all the same.
  const disposed = broken[Symbol.asyncDispose]()
  const terminate = await stage.connection.takes('process/terminate')
  expect(terminate.params).toEqual({ processId: 'broken' })
  stage.connection.replies(terminate, { running: true })
  await disposed
  expect(stage.states).toEqual([])
})

it('lets a noisy process hold up nobody', async () => {
  await using stage = await connectClient()
  const [, quiet] = [await start(stage, 'noisy'), await start(stage, 'quiet')]
  for (let seq = 0; seq <= 4096; seq++) stage.connection.output('noisy', seq)
  stage.connection.exited('quiet', 1, 0)
  expect(await quiet.wait()).toMatchObject({ exitCode: 0 })
})

it('fails to tell how a process ended that is closed without an exit', async () => {
  await using stage = await connectClient()
  const process = await start(stage)
  stage.connection.closed('p', 1)
  expect(await textOf(process)).toBe('')
  await expect(process.wait()).rejects.toMatchObject({
    kind: 'processFailed',
    message: 'process p was closed without an exit',
  })
})

it('asks for nothing when everything is pushed', async () => {
  await using stage = await connectClient()
  const running = stage.client.exec(['x'], { processId: 'p' })
  await stage.connection.starts()
  stage.connection.output('p', 1, 'out')
  stage.connection.output('p', 2, 'err', 'stderr')
  stage.connection.exited('p', 3, 1, { sandboxDenied: true })
  stage.connection.closed('p', 4)
  expect(await running).toMatchObject({ stdout: 'out', stderr: 'err', exitCode: 1, sandboxDenied: true })
  expect(stage.connection.count('process/read')).toBe(0)
  expect(stage.connection.count('process/terminate')).toBe(0)
})

it('asks once whether something was denied when that is not pushed', async () => {
  await using stage = await connectClient()
  const running = stage.client.exec(['x'], { processId: 'p' })
  await stage.connection.starts()
  stage.connection.output('p', 1)
  stage.connection.exited('p', 2, 1, {})
  stage.connection.closed('p', 3)
  const read = await stage.connection.takes('process/read')
  expect(read.params).toMatchObject({ processId: 'p', afterSeq: 2, waitMs: 0 })
  stage.connection.replies(read, {
    ...quietPage,
    nextSeq: 4,
    exited: true,
    exitCode: 1,
    closed: true,
    sandboxDenied: true,
  })
  expect(await running).toMatchObject({ stdout: '1;', exitCode: 1, sandboxDenied: true })
  expect(stage.connection.count('process/read')).toBe(1)
})

it('takes more than a replay holds when it is pushed before the start is answered', async () => {
  await using stage = await connectClient()
  const running = stage.client.exec(['x'], { processId: 'p' })
  const request = await stage.connection.takes('process/start')
  for (let seq = 1; seq <= 1024; seq++) stage.connection.output('p', seq)
  stage.connection.replies(request, { processId: 'p' })
  stage.connection.exited('p', 1025, 0)
  stage.connection.closed('p', 1026)
  const numbers = Array.from({ length: 1024 }, (_, index) => index + 1)
  const page = { ...quietPage, chunks: chunksOf(...numbers), nextSeq: 1027, exited: true, exitCode: 0, closed: true }
  stage.connection.replies(await stage.connection.takes('process/read'), page)
  expect((await running).stdout).toBe(numbered(1, 1024))
  expect(stage.connection.count('process/read')).toBe(1)
})

it('reads once what a late reader has missed', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  for (let seq = 1; seq <= 300; seq++) stage.connection.output('p', seq)
  stage.connection.exited('p', 301, 0)
  await started.wait()
  const text = textOf(started)
  const read = await stage.connection.takes('process/read')
  expect(read.params).toMatchObject({ afterSeq: 0 })
  const numbers = Array.from({ length: 300 }, (_, index) => index + 1)
  const page = { ...quietPage, chunks: chunksOf(...numbers), nextSeq: 302, exited: true, exitCode: 0 }
  stage.connection.replies(read, page)
  stage.connection.output('p', 302)
  stage.connection.closed('p', 303)
  expect(await text).toBe(numbered(1, 300) + '302;')
  expect(stage.connection.count('process/read')).toBe(1)
})

it('reads once what a slow reader has missed', async () => {
  await using stage = await connectClient()
  const starting = stage.client.start(['x'], { processId: 'p', bufferBytes: 1000 })
  await stage.connection.starts()
  const started = await starting
  const reader = started.output[Symbol.asyncIterator]()
  stage.connection.output('p', 1)
  expect((await reader.next()).value).toMatchObject({ seq: 1 })
  for (let seq = 2; seq <= 600; seq++) stage.connection.output('p', seq)
  stage.connection.exited('p', 601, 0)
  stage.connection.closed('p', 602)
  await started.wait()
  const rest = reader.next()
  const read = await stage.connection.takes('process/read')
  expect(read.params).toMatchObject({ afterSeq: 1 })
  const numbers = Array.from({ length: 599 }, (_, index) => index + 2)
  stage.connection.replies(read, {
    ...quietPage,
    chunks: chunksOf(...numbers),
    nextSeq: 603,
    exited: true,
    exitCode: 0,
    closed: true,
  })
  const seen = [(await rest).value?.seq]
  for (let next = await reader.next(); next.done !== true; next = await reader.next()) seen.push(next.value.seq)
  expect(seen).toEqual(numbers)
  expect(stage.connection.count('process/read')).toBe(1)
})

it.each([1, 20])('says that output is lost when a read ends before what was pushed, at %i', async nextSeq => {
  await using stage = await connectClient()
  const started = await start(stage)
  for (let seq = 1; seq <= 300; seq++) stage.connection.output('p', seq)
  stage.connection.exited('p', 301, 0)
  await started.wait()
  const text = textOf(started)
  const numbers = Array.from({ length: nextSeq - 1 }, (_, index) => index + 1)
  const page = { ...quietPage, chunks: chunksOf(...numbers), nextSeq }
  stage.connection.replies(await stage.connection.takes('process/read'), page)
  await expect(text).rejects.toMatchObject({ kind: 'outputLost' })
})

it('says that output is lost when the server has evicted it', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  for (let seq = 1; seq <= 300; seq++) stage.connection.output('p', seq)
  stage.connection.exited('p', 301, 0)
  await started.wait()
  const text = textOf(started)
  const read = await stage.connection.takes('process/read')
  stage.connection.replies(read, { ...quietPage, chunks: chunksOf(300), nextSeq: 302, exited: true, exitCode: 0 })
  await expect(text).rejects.toMatchObject({
    kind: 'outputLost',
    message: 'output of process p was evicted before it was read',
  })
})

it('replays everything to a reader that comes after the end', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  stage.connection.output('p', 1)
  stage.connection.exited('p', 2, 0)
  stage.connection.closed('p', 3)
  expect(await textOf(started)).toBe('1;')
  expect(await textOf(started)).toBe('1;')
  expect(started.isClosed).toBe(true)
})

it('goes on where it was after an outage, without a gap or a repetition', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  const text = textOf(started)
  stage.connection.output('p', 1)
  const reader = started.output[Symbol.asyncIterator]()
  await reader.next()
  await stage.connection.drops()
  const next = await stage.server.connection()
  const greeting = await next.takes('initialize')
  // Ahead of everything, even of the reply to the handshake.
  next.output('p', 4)
  next.replies(greeting, { sessionId: 'session-1' })
  const read = await next.takes('process/read')
  expect(read.params).toMatchObject({ afterSeq: 1 })
  next.output('p', 5)
  next.replies(read, { ...quietPage, chunks: chunksOf(2, 3, 4), nextSeq: 5 })
  next.output('p', 5)
  next.exited('p', 6, 7)
  next.closed('p', 7)
  expect(await text).toBe('1;2;3;4;5;')
  expect(await started.wait()).toMatchObject({ exitCode: 7 })
})

it('fails and ends a process whose events are not retained any more, and no other', async () => {
  await using stage = await connectClient()
  const [lost, kept] = [await start(stage, 'lost'), await start(stage, 'kept')]
  const [lostText, keptText] = [textOf(lost), textOf(kept)]
  await stage.connection.drops()
  const next = await stage.server.connection()
  await next.greets()
  const reads = [await next.takes('process/read'), await next.takes('process/read')]
  for (const read of reads) {
    next.replies(read, read.params.processId === 'lost' ? { ...quietPage, nextSeq: 10 } : quietPage)
  }
  const terminate = await next.takes('process/terminate')
  expect(terminate.params).toEqual({ processId: 'lost' })
  next.replies(terminate, { running: true })
  await expect(lostText).rejects.toThrow(
    'failed to recover process lost: process events are no longer retained while recovering through sequence 9',
  )
  await stage.reaches('connected')
  next.output('kept', 1)
  next.exited('kept', 2, 0)
  next.closed('kept', 3)
  expect(await keptText).toBe('1;')
})

it('fails a process the server does not know any more', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  await stage.connection.drops()
  const next = await stage.server.connection()
  await next.greets()
  next.refuses(await next.takes('process/read'), -32600, 'unknown process id p')
  next.replies(await next.takes('process/terminate'), { running: false })
  await expect(started.wait()).rejects.toThrow(
    'failed to recover process p: exec-server rejected request (-32600): unknown process id p',
  )
  expect(stage.client.state).toBe('connected')
})

it('does not fail a process when the connection breaks while it is ended', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  const started = await start(stage)
  await stage.connection.drops()
  const broken = await stage.server.connection()
  await broken.greets()
  broken.replies(await broken.takes('process/read'), { ...quietPage, nextSeq: 10 })
  await broken.takes('process/terminate')
  await broken.drops()
  const next = await stage.server.connection()
  await next.greets()
  next.replies(await next.takes('process/read'), { ...quietPage, nextSeq: 2, chunks: chunksOf(1) })
  await stage.reaches('connected')
  next.exited('p', 2, 0)
  expect(await started.wait()).toMatchObject({ exitCode: 0 })
})

it('kills a command that takes too long', async () => {
  await using stage = await connectClient()
  const late = stage.client.exec(['x'], { processId: 'p', timeoutMs: 20 })
  const failure = failureOf(late)
  await stage.connection.starts()
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  expect(await failure).toMatchObject({
    kind: 'timedOut',
    message: 'the command did not end within 20ms and was killed',
  })
})

it('kills a command that writes too much', async () => {
  await using stage = await connectClient()
  const large = stage.client.exec(['x'], { processId: 'p', maxOutputBytes: 3 })
  const failure = failureOf(large)
  await stage.connection.starts()
  stage.connection.output('p', 1, 'four')
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  expect(await failure).toMatchObject({
    kind: 'limitReached',
    data: { limit: { name: 'maxOutputBytes', value: 3 } },
  })
})

it('kills a command that is given up', async () => {
  await using stage = await connectClient()
  const abort = new AbortController()
  const failure = failureOf(stage.client.exec(['x'], { signal: abort.signal }))
  await stage.connection.starts()
  abort.abort(new Error('no more'))
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  expect(await failure).toMatchObject({ message: 'no more' })
})

it('writes input and ends it', async () => {
  await using stage = await connectClient()
  const running = stage.client.exec(['cat'], { processId: 'p', input: 'text' })
  await stage.connection.starts()
  const write = await stage.connection.takes('process/write')
  expect(write.params).toMatchObject({ chunk: Buffer.from('text').toString('base64') })
  stage.connection.replies(write, { status: 'accepted' })
  const last = await stage.connection.takes('process/write')
  expect(last.params).toMatchObject({ chunk: '', endsInput: true })
  stage.connection.replies(last, { status: 'accepted' })
  stage.connection.exited('p', 1, 0)
  stage.connection.closed('p', 2)
  expect(await running).toMatchObject({ exitCode: 0 })
})

it('has the result of a command whose input is never taken', async () => {
  await using stage = await connectClient()
  const running = stage.client.exec(['true'], { processId: 'p', input: 'text' })
  await stage.connection.starts()
  await stage.connection.takes('process/write')
  stage.connection.exited('p', 1, 0)
  stage.connection.closed('p', 2)
  expect(await running).toMatchObject({ exitCode: 0 })
})

it('gives up what is being written when the input is aborted', async () => {
  await using stage = await connectClient()
  const starting = stage.client.start(['cat'], { processId: 'p', stdin: 'pipe' })
  await stage.connection.starts()
  const writer = (await starting).stdin.getWriter()
  const writing = failureOf(writer.write(Buffer.alloc(3 * 1024 * 1024)))
  const closed = failureOf(writer.closed)
  const write = await stage.connection.takes('process/write')
  await writer.abort(new Error('enough'))
  expect(await writing).toMatchObject({ message: 'enough' })
  expect(await closed).toMatchObject({ message: 'enough' })
  stage.connection.replies(write, { status: 'accepted' })
  const asked = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  await asked
  expect(stage.connection.count('process/write')).toBe(1)
})

it('refuses a folder that is relative to nothing', async () => {
  await using stage = await connectClient()
  await expect(stage.client.start(['ls'], { cwd: 'src' })).rejects.toMatchObject({ kind: 'invalidParams' })
})

it('starts nothing when its input could not be ended', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', { environmentInfo: { shell: environment.shell } })
  await using client = await connecting
  await expect(client.exec(['cat'], { input: 'text' })).rejects.toMatchObject({ kind: 'unsupported' })
  expect(connection.count('process/start')).toBe(0)
})

it('asks a server that did not describe itself once where commands run', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', {})
  await using client = await connecting
  const starting = Promise.all([client.start(['a']), client.start(['b'])])
  connection.replies(await connection.takes('environment/info'), { shell: environment.shell, cwd: 'file:///there' })
  for (let count = 0; count < 2; count++) {
    const start = await connection.takes('process/start')
    expect(start.params).toMatchObject({ cwd: 'file:///there' })
    connection.replies(start, { processId: start.params.processId })
  }
  await starting
  expect(connection.count('environment/info')).toBe(1)
  await client.detach()
})

it('asks again where commands run when the connection breaks, as nothing has been started yet', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', {})
  await using client = await connecting
  const starting = client.start(['a'])
  await connection.takes('environment/info')
  await connection.drops()
  const next = await server.connection()
  await next.greets('session-1', {})
  next.replies(await next.takes('environment/info'), { shell: environment.shell, cwd: 'file:///there' })
  const start = await next.takes('process/start')
  next.replies(start, { processId: start.params.processId })
  expect(start.params).toMatchObject({ cwd: 'file:///there' })
  await starting
  await client.detach()
})

it('runs commands on a server that does not know how to describe itself', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', {})
  await using client = await connecting
  const starting = client.start(['a'], { env: { A: '1' }, envPolicy: 'none', more: { arg0: 'b' } })
  connection.refuses(await connection.takes('environment/info'), -32601, 'no such method')
  const start = await connection.takes('process/start')
  expect(start.params).toMatchObject({ cwd: 'file:///', env: { A: '1' }, envPolicy: null, arg0: 'b', argv: ['a'] })
  connection.replies(start, { processId: start.params.processId })
  await starting
  await client.detach()
})

it.each([{ input: 'text' }, { timeoutMs: 60_000 }, {}])(
  'gives up a command with %o on a server that never describes itself',
  async options => {
    await using server = await ScriptedServer.open()
    const connecting = ExecClient.connect(server.url)
    const connection = await server.connection()
    await connection.greets('session-1', {})
    await using client = await connecting
    const abort = new AbortController()
    const failure = failureOf(client.exec(['x'], { ...options, signal: abort.signal }))
    await connection.takes('environment/info')
    abort.abort(new Error('no more'))
    expect(await failure).toMatchObject({ message: 'no more' })
    await client.detach()
  },
)
