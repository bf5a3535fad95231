import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ExecClient, LazyClient } from '../../../src/client/execgate-client.ts'
import { connectClient, type ConnectedClient } from '../../support/connected-client.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { failureOf } from '../../support/failure-of.ts'
import type { ScriptedConnection, Sent } from '../../support/scripted-server.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { type Answer, headerOf, WebServer } from '../../support/web-server.ts'

/** Works without a flag of the command line. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
}

const failed = 'exec-server protocol error: http response stream `http-1` failed:'

/** Takes the next request and answers with a head. Resolves to the id of its stream. */
async function answers(connection: ScriptedConnection, head: Record<string, unknown> = {}): Promise<string> {
  const request = await connection.takes('http/request')
  connection.replies(request, { status: 200, headers: [], bodyBase64: '', ...head })
  return request.params.requestId as string
}

function delta(connection: ScriptedConnection, requestId: string, seq: number, text: string, done = false): void {
  const deltaBase64 = Buffer.from(text).toString('base64')
  connection.says({ method: 'http/request/bodyDelta', params: { requestId, seq, deltaBase64, done, error: null } })
}

/** A response whose body has not begun. */
async function openResponse({ client, connection }: ConnectedClient, options: { signal?: AbortSignal } = {}) {
  const response = client.fetch('http://a.test/', options)
  const requestId = await answers(connection)
  return { response: await response, requestId }
}

/** Resolves once the client has looked at everything the server has said. */
async function untilHeard({ client, connection }: ConnectedClient): Promise<void> {
  const status = client.call('environment/status', null)
  connection.replies(await connection.takes('environment/status'), { status: 'ready' })
  await status
}

/** The text of a short response. */
async function readPiece(stage: ConnectedClient): Promise<string> {
  const { response, requestId } = await openResponse(stage)
  delta(stage.connection, requestId, 1, 'piece', true)
  return await response.text()
}

function readerOf({ body }: Response) {
  if (body === null) throw new Error('the response has no body')
  return body.getReader()
}

describe('with a scripted server', () => {
  it('asks for a stream, with an id that no other request has', async () => {
    await using stage = await connectClient()
    const plain = stage.client.fetch('http://a.test/x')
    expect((await stage.connection.takes('http/request')).params).toEqual({
      method: 'GET',
      url: 'http://a.test/x',
      headers: [],
      bodyBase64: null,
      timeoutMs: null,
      redirectPolicy: 'follow',
      requestId: 'http-1',
      streamResponse: true,
    })
    const full = stage.client.fetch(new URL('http://a.test/y'), {
      method: 'POST',
      headers: { 'X-One': '1' },
      body: new URLSearchParams({ a: 'b c' }),
      timeoutMs: 500,
      redirect: 'manual',
    })
    expect((await stage.connection.takes('http/request')).params).toEqual({
      method: 'POST',
      url: 'http://a.test/y',
      headers: [
        { name: 'content-type', value: 'application/x-www-form-urlencoded;charset=UTF-8' },
        { name: 'x-one', value: '1' },
      ],
      bodyBase64: Buffer.from('a=b+c').toString('base64'),
      timeoutMs: 500,
      redirectPolicy: 'stop',
      requestId: 'http-2',
      streamResponse: true,
    })
    const ends = Promise.all([failureOf(plain), failureOf(full)])
    await stage.client.detach()
    expect(await ends).toMatchObject([{ kind: 'disconnected' }, { kind: 'disconnected' }])
  })

  it('takes pieces that come before the reply, and those of two streams in turn', async () => {
    await using stage = await connectClient()
    const { client, connection } = stage
    const [first, second] = [client.fetch('http://a.test/1'), client.fetch('http://a.test/2')]
    const requests: Sent[] = [await connection.takes('http/request'), await connection.takes('http/request')]
    delta(connection, 'http-1', 1, 'early ')
    delta(connection, 'http-2', 1, 'two')
    for (const request of requests) connection.replies(request, { status: 201, headers: [], bodyBase64: '' })
    delta(connection, 'http-2', 2, '', true)
    delta(connection, 'http-1', 2, 'bird', true)
    expect(await (await first).text()).toBe('early bird')
    expect(await (await second).text()).toBe('two')
  })

  it('fails a body with a gap, after what came before it, and no other', async () => {
    await using stage = await connectClient()
    const torn = await openResponse(stage)
    const whole = await openResponse(stage)
    delta(stage.connection, torn.requestId, 1, 'one')
    delta(stage.connection, torn.requestId, 3, 'three', true)
    delta(stage.connection, whole.requestId, 1, 'all', true)
    const reader = readerOf(torn.response)
    expect(String((await reader.read()).value)).toBe('one')
    await expect(reader.read()).rejects.toMatchObject({ kind: 'protocolViolation' })
    expect(await whole.response.text()).toBe('all')
    expect(stage.client.state).toBe('connected')
  })

  it('fails a body nobody has read from when the connection breaks, and does not ask again', async () => {
    await using stage = await connectClient()
    const { response } = await openResponse(stage)
    const reading = failureOf(readerOf(response).read())
    await stage.connection.drops()
    expect(await reading).toMatchObject({ kind: 'disconnected' })
    expect(String(await reading)).toContain(`${failed} exec-server transport disconnected`)
    const next = await stage.server.connection()
    await next.greets()
    await stage.reaches('connected')
    expect(next.count('http/request')).toBe(0)
  })

  it('fails a body with the reason of the connection after three pieces, not with one out of turn', async () => {
    await using stage = await connectClient()
    const { response, requestId } = await openResponse(stage)
    const reader = readerOf(response)
    for (const seq of [1, 2, 3]) {
      delta(stage.connection, requestId, seq, `${seq}`)
      expect(String((await reader.read()).value)).toBe(`${seq}`)
    }
    const reading = failureOf(reader.read())
    await stage.connection.drops()
    expect(String(await reading)).toContain(`${failed} exec-server transport disconnected`)
  })

  it('fails a request whose connection breaks, and goes on with other ids on the next', async () => {
    await using stage = await connectClient()
    const lost = failureOf(stage.client.fetch('http://a.test/'))
    await stage.connection.takes('http/request')
    await stage.connection.drops()
    expect(await lost).toMatchObject({ kind: 'disconnected' })
    const waits = stage.client.fetch('http://a.test/')
    const connection = await stage.server.connection()
    await connection.greets()
    const requestId = await answers(connection)
    expect(requestId).toBe('http-2')
    delta(connection, requestId, 1, 'back', true)
    expect(await (await waits).text()).toBe('back')
  })

  it('keeps a request that waits for a connection when the one before it breaks', async () => {
    await using stage = await connectClient()
    stage.server.refusesWith = 503
    await stage.connection.drops()
    await stage.reaches('recovering')
    const waits = stage.client.fetch('http://a.test/')
    stage.server.refusesWith = undefined
    const connection = await stage.server.connection()
    await connection.greets()
    const requestId = await answers(connection)
    delta(connection, requestId, 1, 'there', true)
    expect(await (await waits).text()).toBe('there')
  })

  it('ends the connection over a piece that is larger than servers may send', async () => {
    await using stage = await connectClient()
    const { response, requestId } = await openResponse(stage)
    delta(stage.connection, requestId, 1, 'x'.repeat(1024 * 1024 + 1))
    expect(String(await failureOf(response.text()))).toContain(
      `${failed} exec-server notification handling failed: body delta of 1048577 bytes exceeds 1048576`,
    )
    await stage.reaches('recovering')
  })

  it('fails the body when the client is closed', async () => {
    await using stage = await connectClient()
    const { response } = await openResponse(stage)
    const text = failureOf(response.text())
    await stage.client.detach()
    expect(await text).toMatchObject({ kind: 'sessionLost', message: `${failed} the client was closed` })
  })

  it('gives a request up without a word to the server, and ignores its response', async () => {
    await using stage = await connectClient()
    const abort = new AbortController()
    const request = failureOf(stage.client.fetch('http://a.test/', { signal: abort.signal }))
    const sent = await stage.connection.takes('http/request')
    abort.abort(new Error('enough'))
    expect(await request).toBe(abort.signal.reason)
    stage.connection.replies(sent, { status: 200, headers: [], bodyBase64: '' })
    delta(stage.connection, 'http-1', 7, 'late')
    await untilHeard(stage)
    expect(stage.connection.sent.map(message => message.method)).toEqual([
      'initialize',
      'initialized',
      'http/request',
      'environment/status',
    ])
  })

  it('fails the body with the reason of an abort, read or not', async () => {
    await using stage = await connectClient()
    const abort = new AbortController()
    const { signal } = abort
    const [unread, waiting] = [await openResponse(stage, { signal }), await openResponse(stage, { signal })]
    delta(stage.connection, unread.requestId, 1, 'queued', true)
    await untilHeard(stage)
    const reading = failureOf(readerOf(waiting.response).read())
    abort.abort(new Error('enough'))
    expect(await reading).toBe(signal.reason)
    await expect(unread.response.text()).rejects.toBe(signal.reason)
  })

  it('takes nothing more of a body that is cancelled', async () => {
    await using stage = await connectClient()
    const { response, requestId } = await openResponse(stage)
    await response.body?.cancel()
    for (let seq = 1; seq <= 300; seq++) delta(stage.connection, requestId, seq + 7, 'late')
    await untilHeard(stage)
    expect(stage.client.state).toBe('connected')
  })

  it('makes room for others when a response is forgotten', async () => {
    await using stage = await connectClient()
    const { connection } = stage
    const forget = async () => {
      const { requestId } = await openResponse(stage)
      for (let seq = 1; seq <= 16; seq++) delta(connection, requestId, seq, 'x'.repeat(1024 * 1024))
      await untilHeard(stage)
    }
    await forget()
    await expect
      .poll(
        () => {
          collectGarbage()
          return readPiece(stage).catch(String)
        },
        { timeout: 20_000 },
      )
      .toBe('piece')
  })

  it.each([204, 205, 304])('has no body for status %i', async status => {
    await using stage = await connectClient()
    const request = stage.client.fetch('http://a.test/')
    await answers(stage.connection, { status })
    expect(await request).toMatchObject({ status, body: null })
  })

  it.each([
    ['a status', { status: 999 }],
    ['a header', { headers: [{ name: 'a b', value: 'c' }] }],
  ])('fails a response with %s that no Response can have', async (_name, head) => {
    await using stage = await connectClient()
    const request = failureOf(stage.client.fetch('http://a.test/'))
    await answers(stage.connection, head)
    expect(await request).toMatchObject({ kind: 'protocolViolation' })
  })

  it('sends nothing with headers that are none, nor when it is aborted before', async () => {
    await using stage = await connectClient()
    await expect(stage.client.fetch('http://a.test/', { headers: { 'a b': 'c' } })).rejects.toMatchObject({
      kind: 'invalidParams',
    })
    const taken = new ReadableStream<Uint8Array>()
    taken.getReader()
    const text = ReadableStream.from(['text']) as ReadableStream
    for (const body of [taken, text]) {
      await expect(stage.client.fetch('http://a.test/', { method: 'POST', body })).rejects.toMatchObject({
        kind: 'invalidParams',
      })
    }
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(stage.client.fetch('http://a.test/', { signal })).rejects.toThrow('enough')
    expect(stage.connection.count('http/request')).toBe(0)
  })
})

function form(): FormData {
  const data = new FormData()
  data.set('file', new Blob(['contents']), 'a b')
  return data
}

describe('through a gateway', () => {
  /** A client behind a proxy that cuts, and the web server its gateway asks. */
  async function openStage(answer: Answer) {
    await using acquired = new AsyncDisposableStack()
    const web = acquired.use(await WebServer.start(answer))
    const gateway = acquired.use(await startGateway())
    const proxy = acquired.use(await CuttingProxy.open(gateway.url))
    const client = acquired.use(await ExecClient.connect(proxy.url, { retryMs: 20 }))
    const owned = acquired.move()
    return { web, proxy, client, url: web.url('/'), [Symbol.asyncDispose]: () => owned.disposeAsync() }
  }

  it('sends what it is given and tells what comes back', async () => {
    await using stage = await openStage((request, _incoming, response) => {
      response.writeHead(418, { 'set-cookie': ['a=1', 'b=2'], 'x-seen': headerOf(request, 'x-one') })
      response.end(request.body)
    })
    const bytes = randomBytes(300_000)
    const response = await stage.client.fetch(stage.url, { method: 'PUT', headers: [['X-One', '1']], body: bytes })
    expect(response).toMatchObject({ status: 418, ok: false })
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('x-seen')).toBe('1')
    expect(bytes.equals(await response.bytes())).toBe(true)
    expect(stage.web.seen).toMatchObject([{ method: 'PUT' }])
  })

  it.each([
    ['a stream', () => new Blob(['one ', 'two']).stream(), null, /^one two$/],
    ['a Blob', () => new Blob(['one'], { type: 'text/x-one' }), 'text/x-one', /^one$/],
    ['a form', form, 'multipart/form-data; boundary=', /name="file"; filename="a b"\r\n[^]*contents/],
  ])('sends %s', async (_name, body, type, sent) => {
    await using stage = await openStage((request, _incoming, response) => response.end(request.body))
    const response = await stage.client.fetch(stage.url, { method: 'POST', body: body() })
    expect(await response.text()).toMatch(sent)
    const [{ rawHeaders } = { rawHeaders: [] }] = stage.web.seen
    const index = rawHeaders.findIndex(text => text.toLowerCase() === 'content-type')
    expect(index < 0 ? null : rawHeaders[index + 1]?.slice(0, type?.length)).toBe(type)
  })

  it('sends no body that is too long, and reads no more of it than that', async () => {
    await using stage = await openStage((_request, _incoming, response) => response.end())
    let [pulled, cancelled] = [0, false]
    const body = new ReadableStream<Uint8Array>({
      pull: controller => {
        pulled += 1
        controller.enqueue(new Uint8Array(1024 * 1024))
      },
      cancel: () => {
        cancelled = true
      },
    })
    await expect(stage.client.fetch(stage.url, { method: 'POST', body })).rejects.toMatchObject({
      kind: 'limitReached',
      data: { limit: { name: 'maxRequestBodyBytes', value: 32 * 1024 * 1024 } },
    })
    expect([pulled < 40, cancelled, stage.web.seen.length]).toEqual([true, true, 0])
  })

  it('gives up a body that is still being read', async () => {
    await using stage = await openStage((_request, _incoming, response) => response.end())
    const cancelled = Promise.withResolvers<unknown>()
    const abort = new AbortController()
    const body = new ReadableStream<Uint8Array>({ cancel: cancelled.resolve })
    const request = failureOf(stage.client.fetch(stage.url, { method: 'POST', body, signal: abort.signal }))
    abort.abort(new Error('enough'))
    expect(await request).toBe(abort.signal.reason)
    expect(await cancelled.promise).toBe(abort.signal.reason)
    expect(stage.web.seen).toEqual([])
  })

  it('keeps no more than its bound of a body nobody reads, and goes on with other calls meanwhile', async () => {
    const block = Buffer.alloc(1024 * 1024, 'x')
    const isSent = Promise.withResolvers<void>()
    await using stage = await openStage(({ path }, _incoming, response) => {
      if (path === '/small') response.end('small')
      else Readable.from(Array.from({ length: 64 }, () => block)).pipe(response.once('finish', isSent.resolve))
    })
    const unread = await stage.client.fetch(stage.url)
    for (let round = 0; round < 20; round++) {
      expect(await (await stage.client.fetch(stage.web.url('/small'))).text()).toBe('small')
      expect((await stage.client.exec(['echo', 'there'])).stdout).toBe('there\n')
    }
    await isSent.promise
    const kept: number[] = []
    const reading = async () => {
      for await (const bytes of unread.body ?? []) kept.push(bytes.length)
    }
    await expect(reading()).rejects.toMatchObject({ kind: 'limitReached' })
    const total = kept.reduce((sum, length) => sum + length, 0)
    expect([total > 0, total <= 16 * 1024 * 1024, kept.length <= 256]).toEqual([true, true, true])
  })

  it('ends a body in its middle with the reason of the abort, and lets go of what is queued', async () => {
    const block = Buffer.alloc(1024 * 1024, 'x')
    let isSent = Promise.withResolvers<void>()
    await using stage = await openStage((_request, _incoming, response) => {
      Readable.from(Array.from({ length: 12 }, () => block)).pipe(response.once('finish', isSent.resolve))
    })
    for (let round = 0; round < 4; round++) {
      const abort = new AbortController()
      const reader = readerOf(await stage.client.fetch(stage.url, { signal: abort.signal }))
      expect((await reader.read()).done).toBe(false)
      await isSent.promise
      isSent = Promise.withResolvers()
      abort.abort(new Error('enough'))
      expect(await failureOf(reader.read())).toBe(abort.signal.reason)
    }
    // What the four left behind would leave no room for it.
    expect((await (await stage.client.fetch(stage.url)).bytes()).length).toBe(12 * 1024 * 1024)
  })

  it('streams a large body, whole', async () => {
    const block = randomBytes(1024 * 1024)
    await using stage = await openStage((_request, _incoming, response) => {
      Readable.from(Array.from({ length: 64 }, () => block)).pipe(response)
    })
    const expected = createHash('sha256')
    for (let count = 0; count < 64; count++) expected.update(block)
    const received = createHash('sha256')
    const { body } = await stage.client.fetch(stage.url)
    for await (const bytes of body ?? []) received.update(bytes)
    expect(received.digest('hex')).toBe(expected.digest('hex'))
  })

  it('tells each piece of a slow body when it is there', async () => {
    const writes = Promise.withResolvers<Parameters<Answer>[2]>()
    await using stage = await openStage((_request, _incoming, response) => {
      response.flushHeaders()
      writes.resolve(response)
    })
    const reader = readerOf(await stage.client.fetch(stage.url))
    const web = await writes.promise
    for (const text of ['one', 'two', 'three']) {
      web.write(text)
      expect(String((await reader.read()).value)).toBe(text)
    }
    web.end()
    expect((await reader.read()).done).toBe(true)
  })

  it('fails a body that its server tears off', async () => {
    await using stage = await openStage((_request, _incoming, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.destroy())
    })
    const response = await stage.client.fetch(stage.url)
    const error = await failureOf(response.text())
    expect(error).toMatchObject({ kind: 'refused' })
    expect(String(error)).toContain(failed)
  })

  it('fails a body that takes longer than it may', async () => {
    await using stage = await openStage((_request, _incoming, response) => response.flushHeaders())
    const request = stage.client.fetch(stage.url, { timeoutMs: 300 })
    await expect(request.then(response => response.text())).rejects.toMatchObject({ kind: 'refused' })
  })

  it('follows redirects, or not', async () => {
    await using stage = await openStage(({ path }, _incoming, response) => {
      if (path === '/') response.writeHead(302, { location: '/there' })
      response.end(path)
    })
    expect(await (await stage.client.fetch(stage.url)).text()).toBe('/there')
    const stopped = await stage.client.fetch(stage.url, { redirect: 'manual' })
    expect([stopped.status, stopped.headers.get('location'), await stopped.text()]).toEqual([302, '/there', '/'])
  })

  it('fails what is under way when the connection breaks, and takes the next request', async () => {
    await using stage = await openStage(({ path }, _incoming, response) => {
      response.write('begun')
      if (path === '/whole') response.end()
    })
    const reader = readerOf(await stage.client.fetch(stage.url))
    expect(String((await reader.read()).value)).toBe('begun')
    const rest = failureOf(reader.read())
    await stage.proxy.cut()
    expect(await rest).toMatchObject({ kind: 'disconnected' })
    expect(await (await stage.client.fetch(stage.web.url('/whole'))).text()).toBe('begun')
    expect(stage.web.seen.map(request => request.path)).toEqual(['/', '/whole'])
  })

  it('goes on with other requests after one was aborted', async () => {
    await using stage = await openStage(({ path }, _incoming, response) => {
      response.write('begun')
      if (path === '/whole') response.end()
    })
    const abort = new AbortController()
    const response = await stage.client.fetch(stage.url, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(response.text()).rejects.toThrow('enough')
    expect(await (await stage.client.fetch(stage.web.url('/whole'))).text()).toBe('begun')
  })

  it('refuses what the gateway refuses', async () => {
    await using stage = await openStage((_request, _incoming, response) => response.end())
    await expect(stage.client.fetch('ftp://a.test/')).rejects.toMatchObject({ kind: 'invalidParams' })
    await stage.web[Symbol.asyncDispose]()
    await expect(stage.client.fetch(stage.url)).rejects.toMatchObject({ kind: 'refused' })
  })

  it('connects a lazy client', async () => {
    await using stage = await openStage((_request, _incoming, response) => response.end('lazy'))
    await using lazy = new LazyClient(stage.proxy.url)
    expect(await (await lazy.fetch(stage.url)).text()).toBe('lazy')
  })
})
