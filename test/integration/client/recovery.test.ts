import { expect, it, vi } from 'vitest'
import type { Process } from '../../../src/client/execgate-client.ts'
import { type ConnectedClient, connectClient } from '../../support/connected-client.ts'
import { failureOf } from '../../support/failure-of.ts'
import { fakeTimers } from '../../support/fake-timers.ts'
import { chunksOf, quietPage, type ScriptedConnection } from '../../support/scripted-server.ts'

async function start({ client, connection }: ConnectedClient, processId = 'p'): Promise<Process> {
  const starting = client.start(['x'], { processId, stdin: 'pipe' })
  await connection.starts()
  return starting
}

/** The next connection, greeted, with a quiet answer for one process. */
async function resume({ server, reaches }: ConnectedClient, page: object = quietPage): Promise<ScriptedConnection> {
  const next = await server.connection()
  await next.greets()
  next.replies(await next.takes('process/read'), page)
  await reaches('connected')
  return next
}

it('takes its session up again when an idle connection is closed', async () => {
  await using stage = await connectClient()
  await stage.connection.closes()
  const next = await stage.server.connection()
  expect((await next.greets()).params).toMatchObject({ resumeSessionId: 'session-1' })
  await stage.reaches('connected')
  expect(stage.client.sessionId).toBe('session-1')
  const status = stage.client.call('environment/status', null)
  next.replies(await next.takes('environment/status'), { status: 'ready' })
  expect(await status).toEqual({ status: 'ready' })
})

it('fails for good when another session is resumed', async () => {
  await using stage = await connectClient()
  await stage.connection.drops()
  const next = await stage.server.connection()
  next.replies(await next.takes('initialize'), { sessionId: 'another' })
  await stage.reaches('failed')
  await expect(stage.client.exec(['x'])).rejects.toThrow(
    'exec-server transport disconnected; failed to resume exec-server session: ' +
      'exec-server protocol error: exec-server initialized an unexpected session another',
  )
})

it('tries again while its session is attached to the old connection', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  await stage.connection.drops()
  for (let attempt = 0; attempt < 2; attempt++) {
    const next = await stage.server.connection()
    next.refuses(await next.takes('initialize'), -32010, 'session session-1 is already attached to another connection')
    await next.over
  }
  await (await stage.server.connection()).greets()
  await stage.reaches('connected')
  expect(stage.server.upgrades).toHaveLength(4)
})

it('fails at once when its session is unknown', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  const started = await start(stage)
  const waiting = started.wait()
  await stage.connection.drops()
  const next = await stage.server.connection()
  next.refuses(await next.takes('initialize'), -32600, 'unknown session id session-1')
  await expect(waiting).rejects.toMatchObject({
    kind: 'sessionLost',
    message:
      'exec-server transport disconnected; failed to resume exec-server session: ' +
      'exec-server rejected request (-32600): unknown session id session-1',
  })
  expect(stage.client.state).toBe('failed')
  expect(stage.server.upgrades).toHaveLength(2)
})

it('tries again while the upgrade is refused', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  stage.server.refusesWith = 503
  await stage.connection.drops()
  await stage.server.upgradesReach(4)
  stage.server.refusesWith = undefined
  await (await stage.server.connection()).greets()
  await stage.reaches('connected')
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it('tries again when the handshake is not answered in time', async () => {
  fakeTimers()
  await using stage = await connectClient({ retryMs: 1, handshakeTimeoutMs: 50 })
  await stage.connection.drops()
  const silent = await stage.server.connection()
  await silent.takes('initialize')
  await vi.advanceTimersByTimeAsync(50)
  await silent.over
  await vi.advanceTimersByTimeAsync(1)
  await (await stage.server.connection()).greets()
  await stage.reaches('connected')
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it('fails after 45 s without a server, and releases everybody who waits', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  fakeTimers()
  stage.server.refusesWith = 503
  const [waiting, reading] = [started.wait(), started.read()]
  await stage.connection.takes('process/read')
  await stage.connection.drops()
  await stage.reaches('recovering')
  const calling = stage.client.call('process/terminate', { processId: 'p' })
  const written = started.stdin.getWriter().write('x')
  const lost = {
    kind: 'sessionLost',
    message: 'exec-server transport disconnected; failed to resume exec-server session: recovery timed out after 45s',
  }
  const failures = Promise.all([waiting, calling, written].map(failureOf))
  await vi.advanceTimersByTimeAsync(44_999)
  expect(stage.client.state).toBe('recovering')
  await vi.advanceTimersByTimeAsync(1)
  for (const failure of await failures) expect(failure).toMatchObject(lost)
  expect(await reading).toMatchObject({ closed: true, exited: true, exitCode: null, failure: lost.message })
  expect(stage.client.state).toBe('failed')
  await expect(stage.client.exec(['x'])).rejects.toMatchObject(lost)
})

it('lets a read wait during an outage, and answers with what was written meanwhile', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  await stage.connection.drops()
  await stage.reaches('recovering')
  const settled = vi.fn()
  const reading = started.read()
  void reading.then(settled)
  const next = await stage.server.connection()
  await next.greets()
  const catchUp = await next.takes('process/read')
  expect(catchUp.params).toEqual({ processId: 'p', afterSeq: 0, maxBytes: null, waitMs: 0 })
  expect(settled).not.toHaveBeenCalled()
  next.replies(catchUp, { ...quietPage, chunks: chunksOf(1), nextSeq: 2 })
  const read = await next.takes('process/read')
  next.replies(read, { ...quietPage, chunks: chunksOf(1), nextSeq: 2 })
  expect(await reading).toMatchObject({ nextSeq: 2, chunks: chunksOf(1) })
})

it('sends a write that was not answered again, with the same bytes and the same id', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  const writer = started.stdin.getWriter()
  const written = writer.write('hello')
  const first = await stage.connection.takes('process/write')
  await stage.connection.drops()
  const next = await resume(stage)
  const second = await next.takes('process/write')
  expect(second.params).toEqual(first.params)
  expect(first.params).toMatchObject({ processId: 'p', chunk: Buffer.from('hello').toString('base64') })
  next.replies(second, { status: 'accepted' })
  await written
  const another = writer.write('more')
  const third = await next.takes('process/write')
  expect(third.params.writeId).not.toBe(first.params.writeId)
  next.replies(third, { status: 'accepted' })
  await another
})

it('uses other ids for writes than another client of the same session', async () => {
  const ids = new Set<string>()
  for (let client = 0; client < 2; client++) {
    await using stage = await connectClient()
    const started = await start(stage)
    const written = started.stdin.getWriter().write('x')
    const write = await stage.connection.takes('process/write')
    ids.add(write.params.writeId as string)
    stage.connection.replies(write, { status: 'accepted' })
    await written
  }
  expect(ids.size).toBe(2)
})

it('does not repeat an interrupt', async () => {
  await using stage = await connectClient()
  const started = await start(stage)
  const interrupting = started.interrupt()
  await stage.connection.takes('process/signal')
  await stage.connection.drops()
  await expect(interrupting).rejects.toMatchObject({ kind: 'disconnected' })
  const next = await resume(stage)
  const again = started.interrupt()
  next.replies(await next.takes('process/signal'), {})
  await again
  expect(next.count('process/signal')).toBe(1)
})

it('fails a start that was not answered, and ends what may have come of it', async () => {
  await using stage = await connectClient()
  const starting = stage.client.start(['x'], { processId: 'p' })
  await stage.connection.takes('process/start')
  await stage.connection.drops()
  await expect(starting).rejects.toMatchObject({ kind: 'disconnected', message: 'exec-server transport disconnected' })
  const next = await stage.server.connection()
  await next.greets()
  const terminate = await next.takes('process/terminate')
  expect(terminate.params).toEqual({ processId: 'p' })
  next.replies(terminate, { running: true })
  expect(next.count('process/read')).toBe(0)
  expect(next.count('process/start')).toBe(0)
})

it('sends a start that waited during an outage once', async () => {
  await using stage = await connectClient()
  await stage.connection.drops()
  await stage.reaches('recovering')
  const starting = stage.client.start(['x'], { processId: 'p' })
  const next = await stage.server.connection()
  await next.greets()
  await next.starts()
  expect((await starting).id).toBe('p')
  expect(next.count('process/start')).toBe(1)
})

it('ends a process whose start is answered with what cannot be read', async () => {
  await using stage = await connectClient()
  const failure = failureOf(stage.client.start(['x'], { processId: 'p' }))
  const start = await stage.connection.takes('process/start')
  stage.connection.replies(start, { processId: 'p', sandboxType: 'of the future' })
  expect(await failure).toMatchObject({ kind: 'protocolViolation' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
})

it('does not send a start that was given up during an outage', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  stage.server.refusesWith = 503
  await stage.connection.drops()
  await stage.reaches('recovering')
  const abort = new AbortController()
  const failure = failureOf(stage.client.start(['x'], { processId: 'p', signal: abort.signal }))
  abort.abort(new Error('too slow'))
  expect(await failure).toMatchObject({ message: 'too slow' })
  stage.server.refusesWith = undefined
  const next = await stage.server.connection()
  await next.greets()
  await stage.reaches('connected')
  const again = stage.client.start(['x'], { processId: 'p' })
  await next.starts()
  await again
  expect(next.count('process/start')).toBe(1)
  expect(next.count('process/terminate')).toBe(0)
})

it('ends a process whose start was given up', async () => {
  await using stage = await connectClient()
  const abort = new AbortController()
  const starting = stage.client.start(['x'], { processId: 'p', signal: abort.signal })
  const request = await stage.connection.takes('process/start')
  abort.abort(new Error('too slow'))
  await expect(starting).rejects.toThrow('too slow')
  stage.connection.replies(request, { processId: 'p' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  const again = stage.client.start(['x'], { processId: 'q' })
  await stage.connection.starts()
  await again
})

it('does not start a process whose id is in use', async () => {
  await using stage = await connectClient()
  await start(stage)
  await expect(stage.client.start(['x'], { processId: 'p' })).rejects.toMatchObject({
    kind: 'invalidRequest',
    message: 'exec-server protocol error: session already registered for process p',
  })
  expect(stage.connection.count('process/start')).toBe(1)
})

it('may start a process again by the id of one that was refused', async () => {
  await using stage = await connectClient()
  const refused = stage.client.start(['x'], { processId: 'p' })
  stage.connection.refuses(await stage.connection.takes('process/start'), -32600, 'process p already exists')
  await expect(refused).rejects.toThrow('process p already exists')
  expect((await start(stage)).id).toBe('p')
  expect(stage.connection.count('process/start')).toBe(2)
})

it('fails a status at once during an outage, and opens nothing for it', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  stage.server.refusesWith = 503
  await stage.connection.drops()
  await stage.reaches('recovering')
  await expect(stage.client.call('environment/status', null)).rejects.toMatchObject({
    kind: 'recovering',
    message: 'exec-server environment is recovering',
  })
  await expect(stage.client.call('process/terminate', { processId: 'p' }, { waits: false })).rejects.toMatchObject({
    kind: 'recovering',
  })
})

it('catches up with several processes at once', async () => {
  await using stage = await connectClient()
  for (const id of ['a', 'b', 'c']) await start(stage, id)
  await stage.connection.drops()
  const next = await stage.server.connection()
  await next.greets()
  const reads = [await next.takes('process/read'), await next.takes('process/read'), await next.takes('process/read')]
  expect(reads.map(({ params }) => params.processId as string)).toEqual(['a', 'b', 'c'])
  for (const read of reads) next.replies(read, quietPage)
  await stage.reaches('connected')
})

it('catches up again when the connection breaks while it does', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  await start(stage)
  await stage.connection.drops()
  const next = await stage.server.connection()
  await next.greets()
  await next.takes('process/read')
  await next.drops()
  await resume(stage)
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it('stops recovering when it is closed', async () => {
  await using stage = await connectClient({ retryMs: 1 })
  const started = await start(stage)
  const waiting = started.wait()
  stage.server.refusesWith = 503
  await stage.connection.drops()
  await stage.reaches('recovering')
  await stage.client.detach()
  await expect(waiting).rejects.toMatchObject({ kind: 'sessionLost', message: 'the client was closed' })
  expect(stage.states).toEqual(['recovering', 'closed'])
})
