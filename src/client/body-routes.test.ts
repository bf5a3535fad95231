import { expect, it } from 'vitest'
import { GatewayError } from '../protocol/gateway-error.ts'
import { BodyRoutes } from './body-routes.ts'
import type { ResponseBody } from './response-body.ts'

const lost = new GatewayError('disconnected', 'exec-server transport disconnected: reset')

const lostBody = {
  kind: 'disconnected',
  message:
    'exec-server protocol error: http response stream `http-1` failed: exec-server transport disconnected: reset',
}

const mebibyte = Buffer.alloc(1024 * 1024).toString('base64')

function openBody(routes = new BodyRoutes()) {
  const body = routes.create()
  routes.add(body)
  const delta = (seq: number, text: string, more: Record<string, unknown> = {}) =>
    routes.notified({ requestId: body.requestId, seq, deltaBase64: Buffer.from(text).toString('base64'), ...more })
  const megabyte = (seq: number) => routes.notified({ requestId: body.requestId, seq, deltaBase64: mebibyte })
  return { routes, body, delta, megabyte }
}

/** Everything up to the end, which must be a clean one. */
async function textOf(body: ResponseBody): Promise<string> {
  const pieces: Buffer[] = []
  for (let piece = await body.next(); piece !== undefined; piece = await body.next()) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

it('gives every body an id of its own, from http-1', () => {
  const routes = new BodyRoutes()
  expect([routes.create(), routes.create(), routes.create()].map(body => body.requestId)).toEqual([
    'http-1',
    'http-2',
    'http-3',
  ])
})

it('delivers pieces in their order, those of the last one included, and ignores what comes later', async () => {
  const { body, delta } = openBody()
  delta(1, 'one ')
  delta(2, '')
  delta(3, 'three', { done: true, error: null })
  delta(4, 'late')
  expect(await textOf(body)).toBe('one three')
})

it('hands a piece to a reader that waits for it', async () => {
  const { body, delta } = openBody()
  const next = body.next()
  delta(1, 'now')
  expect(String(await next)).toBe('now')
})

it.each([
  ['a gap', 3],
  ['a repeated piece', 1],
  ['a piece numbered 0', 0],
])('fails after what came before %s', async (_name, seq) => {
  const { body, delta } = openBody()
  delta(1, 'one')
  delta(seq, 'other')
  delta(2, 'two')
  expect(String(await body.next())).toBe('one')
  await expect(body.next()).rejects.toMatchObject({
    kind: 'protocolViolation',
    message: `exec-server protocol error: http response stream \`http-1\` received seq ${seq}, expected 2`,
  })
})

it('fails with the error of the server and drops the bytes beside it', async () => {
  const { body, delta } = openBody()
  delta(1, 'one')
  delta(2, 'two', { error: 'reset by peer' })
  expect(String(await body.next())).toBe('one')
  await expect(body.next()).rejects.toMatchObject({
    kind: 'refused',
    message: 'exec-server protocol error: http response stream `http-1` failed: reset by peer',
  })
})

it('keeps 256 pieces, delivers them when one more comes, and fails then', async () => {
  const { body, delta } = openBody()
  for (let seq = 1; seq <= 257; seq++) delta(seq, '.')
  delta(258, '.', { done: true })
  for (let seq = 1; seq <= 256; seq++) expect(String(await body.next())).toBe('.')
  await expect(body.next()).rejects.toMatchObject({
    kind: 'limitReached',
    message:
      'exec-server protocol error: http response stream `http-1` failed: body delta channel filled before delivery',
  })
})

it('needs no place for the end of a body', async () => {
  const { body, delta } = openBody()
  for (let seq = 1; seq <= 256; seq++) delta(seq, '.')
  delta(257, '', { done: true })
  expect(await textOf(body)).toBe('.'.repeat(256))
})

it('fails only the body that would make all of them exceed 16 MiB, after what it has', async () => {
  const routes = new BodyRoutes()
  const unread = openBody(routes)
  const other = openBody(routes)
  other.delta(1, 'a')
  for (let seq = 1; seq <= 15; seq++) unread.megabyte(seq)
  unread.megabyte(16)
  other.delta(2, 'b', { done: true })
  expect(await textOf(other.body)).toBe('ab')
  for (let seq = 1; seq <= 15; seq++) expect(await unread.body.next()).toHaveLength(1024 * 1024)
  await expect(unread.body.next()).rejects.toMatchObject({
    kind: 'limitReached',
    message:
      'exec-server protocol error: http response stream `http-1` failed: queued body deltas exceed 16777216 bytes',
  })
})

it.each([
  ['given up', (body: ResponseBody, routes: BodyRoutes) => routes.remove(body, new Error('enough'))],
  ['lost with the connection', (_body: ResponseBody, routes: BodyRoutes) => routes.failAll(lost)],
])('has room for another 16 MiB once those of a body are %s', (_name, release) => {
  const routes = new BodyRoutes()
  for (let round = 0; round < 2; round++) {
    const { body, megabyte } = openBody(routes)
    for (let seq = 1; seq <= 16; seq++) megabyte(seq)
    expect(body.hasEnded).toBe(false)
    release(body, routes)
    expect(body.hasEnded).toBe(true)
  }
})

it('has room for as much as has been read', async () => {
  const { body, megabyte } = openBody()
  for (let seq = 1; seq <= 16; seq++) megabyte(seq)
  for (let seq = 17; seq <= 40; seq++) {
    await body.next()
    megabyte(seq)
  }
  expect(body.hasEnded).toBe(false)
})

it('fails a reader that waits when the connection is over', async () => {
  const { routes, body } = openBody()
  const reading = body.next()
  routes.failAll(lost)
  await expect(reading).rejects.toMatchObject(lostBody)
})

it('fails at once when the connection is over, whatever is queued', async () => {
  const { routes, body, delta } = openBody()
  for (let seq = 1; seq <= 256; seq++) delta(seq, '.')
  routes.failAll(lost)
  delta(257, 'of the next connection')
  await expect(body.next()).rejects.toMatchObject(lostBody)
})

it('keeps a body whose end has come when the connection is over', async () => {
  const { routes, body, delta } = openBody()
  delta(1, 'all', { done: true })
  routes.failAll(lost)
  expect(await textOf(body)).toBe('all')
})

it('ignores pieces for nobody, and those of a body that was given up', async () => {
  const { routes, body, delta } = openBody()
  routes.notified({ requestId: 'http-9', seq: 7, deltaBase64: '' })
  routes.remove(body, new Error('enough'))
  delta(1, 'late')
  await expect(body.next()).rejects.toThrow('enough')
})

it.each([
  ['bytes that are no base64', { requestId: 'http-1', seq: 1, deltaBase64: '?' }],
  ['a number for its bytes', { requestId: 'http-1', seq: 1, deltaBase64: 1 }],
  ['a fraction for its number', { requestId: 'http-1', seq: 1.5, deltaBase64: '' }],
  ['more symbols than 1 MiB takes', { requestId: 'x', seq: 1, deltaBase64: `${mebibyte}AAAA` }],
  ['one byte more than 1 MiB', { requestId: 'x', seq: 1, deltaBase64: Buffer.alloc(1_048_577).toString('base64') }],
])('does not take %s', (_name, params) => {
  const { routes } = openBody()
  expect(() => routes.notified(params)).toThrow(Error)
})
