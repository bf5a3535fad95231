import { expect, it } from 'vitest'
import { connectClient } from '../../support/connected-client.ts'

/** A call that never has an answer in these tests; the reason of its end is looked at elsewhere. */
const ignored = (call: Promise<unknown>) => void call.catch(() => {})

it('matches replies to calls whatever their order', async () => {
  await using stage = await connectClient()
  const first = stage.client.call('process/terminate', { processId: 'a' })
  const second = stage.client.call('process/terminate', { processId: 'b' })
  const [a, b] = [await stage.connection.takes('process/terminate'), await stage.connection.takes('process/terminate')]
  stage.connection.says({ id: 4711, result: {} })
  stage.connection.says({ id: -1, error: { code: -32600, message: 'about something else' } })
  stage.connection.replies(b, { running: false })
  stage.connection.replies(a, { running: true })
  expect(await first).toEqual({ running: true })
  expect(await second).toEqual({ running: false })
})

it('sends null for a method without parameters', async () => {
  await using stage = await connectClient()
  const status = stage.client.call('environment/status', null)
  const request = await stage.connection.takes('environment/status')
  expect(request).toEqual({ id: 2, method: 'environment/status', params: null })
  stage.connection.replies(request, { status: 'ready' })
  expect(await status).toEqual({ status: 'ready' })
})

it('takes a reply that comes just before the end of the connection', async () => {
  await using stage = await connectClient()
  const call = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: true })
  await stage.connection.closes()
  expect(await call).toEqual({ running: true })
  await stage.reaches('recovering')
})

it('fails a call whose connection breaks, and never sends it again', async () => {
  await using stage = await connectClient()
  const call = stage.client.call('process/signal', { processId: 'p', signal: 'interrupt' })
  await stage.connection.takes('process/signal')
  await stage.connection.drops()
  await expect(call).rejects.toMatchObject({ kind: 'disconnected', message: 'exec-server transport disconnected' })
  const next = await stage.server.connection()
  await next.greets()
  await stage.reaches('connected')
  const status = stage.client.call('environment/status', null)
  next.replies(await next.takes('environment/status'), { status: 'ready' })
  await status
  expect(next.count('process/signal')).toBe(0)
})

it.each([
  [-32600, undefined, 'invalidRequest'],
  [-32601, undefined, 'methodNotFound'],
  [-32602, { field: 'cwd' }, 'invalidParams'],
  [-32603, undefined, 'refused'],
  [-32603, { traceId: 'abc' }, 'internal'],
  [-32603, { limit: { name: 'maxProcesses', value: 1 } }, 'limitReached'],
  [-32004, undefined, 'notFound'],
  [-32099, undefined, 'rejected'],
  [-32000, undefined, 'rejected'],
])('takes an error with code %i and data %j for %s', async (code, data, kind) => {
  await using stage = await connectClient()
  const call = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.refuses(await stage.connection.takes('process/terminate'), code, 'no', data)
  await expect(call).rejects.toMatchObject({ kind, data, message: `exec-server rejected request (${code}): no` })
})

it('takes the loss of a relayed connection for the loss of its own', async () => {
  await using stage = await connectClient()
  const call = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.refuses(await stage.connection.takes('process/terminate'), -32000, 'JSON-RPC transport closed')
  await expect(call).rejects.toMatchObject({ kind: 'disconnected', message: 'exec-server transport disconnected' })
})

it('refuses a result that is not what the method returns, and goes on', async () => {
  await using stage = await connectClient()
  const call = stage.client.call('process/terminate', { processId: 'p' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: 'yes' })
  await expect(call).rejects.toMatchObject({ kind: 'protocolViolation' })
  expect(stage.client.state).toBe('connected')
})

it('refuses parameters that cannot be sent, and goes on', async () => {
  await using stage = await connectClient()
  const params = { processId: 'p', more: 1n }
  await expect(stage.client.call('process/terminate', params)).rejects.toMatchObject({
    kind: 'invalidParams',
    message: 'the parameters of process/terminate cannot be sent: Do not know how to serialize a BigInt',
  })
  await stage.connection.drops()
  const next = await stage.server.connection()
  await next.greets()
  await stage.reaches('connected')
})

it('gives a call up when its caller does, and ignores the late reply', async () => {
  await using stage = await connectClient()
  const abort = new AbortController()
  const call = stage.client.call('process/terminate', { processId: 'p' }, { signal: abort.signal })
  const request = await stage.connection.takes('process/terminate')
  abort.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
  stage.connection.replies(request, { running: true })
  const next = stage.client.call('process/terminate', { processId: 'q' })
  stage.connection.replies(await stage.connection.takes('process/terminate'), { running: false })
  expect(await next).toEqual({ running: false })
  await expect(stage.client.call('environment/status', null, { signal: abort.signal })).rejects.toThrow('enough')
})

it('has a place for a clean-up when all calls are taken, and ends the connection for a second one', async () => {
  await using stage = await connectClient()
  for (let index = 0; index < 1024; index++) {
    ignored(stage.client.call('process/signal', { processId: `${index}`, signal: 'interrupt' }))
  }
  await expect(stage.client.call('process/signal', { processId: 'p', signal: 'interrupt' })).rejects.toMatchObject({
    kind: 'limitReached',
    data: { limit: { name: 'maxCalls', value: 1024 } },
    message: 'exec-server protocol error: exec-server has reached its limit of 1024 pending requests',
  })
  ignored(stage.client.call('process/terminate', { processId: 'p' }))
  await stage.connection.takes('process/terminate')
  expect(stage.client.state).toBe('connected')
  expect(stage.connection.count('process/signal')).toBe(1024)
  const second = stage.client.call('process/terminate', { processId: 'q' })
  await expect(second).rejects.toMatchObject({ kind: 'disconnected' })
  await stage.connection.over
})

it('answers what a server asks, and stays', async () => {
  await using stage = await connectClient()
  stage.connection.says({ id: 'any', method: 'foo/bar', params: {} })
  expect(await stage.connection.takesAnswer('any')).toMatchObject({
    error: { code: -32601, message: 'exec-server client does not implement `foo/bar` yet' },
  })
  const request = { protocol: 'http', host: 'example.invalid', port: 80 }
  stage.connection.says({ id: 1, method: 'network/policyRequest', params: { processId: 'p', request } })
  expect(await stage.connection.takesAnswer(1)).toEqual({
    id: 1,
    result: { decision: { type: 'deny', reason: 'not_allowed' } },
  })
  stage.connection.says({ id: 2, method: 'network/policyRequest', params: { processId: 'p' } })
  expect(await stage.connection.takesAnswer(2)).toMatchObject({
    error: { code: -32602, message: 'invalid network policy request params' },
  })
  expect(stage.client.state).toBe('connected')
})

it.each([
  ['no JSON', 'hello'],
  ['a repeated key', '{"method":"x","params":{"a":1,"a":2}}'],
  ['neither a request nor a reply', '{"id":1}'],
  ['a question with a text for its id', '{"id":"a","method":"network/policyRequest","params":{}}'],
  ['a request beyond its size', JSON.stringify({ id: 1, method: 'foo', params: 'x'.repeat(8200) })],
  ['a notification beyond its size', JSON.stringify({ method: 'foo', params: 'x'.repeat(8200) })],
  [
    'output with a number for its chunk',
    '{"method":"process/output","params":{"processId":"p","seq":1,"stream":"stdout","chunk":5}}',
  ],
  [
    'output that is no base64',
    '{"method":"process/output","params":{"processId":"p","seq":1,"stream":"stdout","chunk":"a"}}',
  ],
])('takes up the session on another connection after %s', async (_what, text) => {
  await using stage = await connectClient()
  stage.connection.says(text)
  const next = await stage.server.connection()
  await next.greets()
  await stage.reaches('connected')
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it('ignores notifications of methods and processes it does not know', async () => {
  await using stage = await connectClient()
  stage.connection.says({ method: 'fs/missingChanged', params: { watchId: 1 } })
  stage.connection.says({ method: 'foo', params: 'x'.repeat(8100) })
  stage.connection.output('nobody', 1)
  const status = stage.client.call('environment/status', null)
  stage.connection.replies(await stage.connection.takes('environment/status'), { status: 'ready' })
  await status
  expect(stage.states).toEqual([])
})
