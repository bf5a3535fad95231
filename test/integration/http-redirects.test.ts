import { describe, expect, it } from 'vitest'
import { bodyText, fetchThrough, valuesIn } from '../support/http-calls.ts'
import { startGateway } from '../support/start-gateway.ts'
import { type Answer, headerOf, WebServer } from '../support/web-server.ts'

/** Sends requests for a path on to where it is told, and answers the others. */
const redirecting =
  (routes: Readonly<Record<string, { status: number; location: string }>>): Answer =>
  ({ path }, _incoming, response) => {
    const { status = 200, ...headers } = routes[path] ?? {}
    response.writeHead(status, headers).end(`at ${path}`)
  }

const variables = (name: string) => (name === 'KEY' ? 'secret' : undefined)
const credentials = [
  { name: 'authorization', value: 'Bearer t' },
  { name: 'cookie', value: 'a=b' },
  { name: 'x-key', value: '', valueEnvVar: 'KEY' },
  { name: 'x-plain', value: '1' },
]

it('is followed with the body where the status says so', async () => {
  await using server = await WebServer.start(
    redirecting({ '/go': { status: 307, location: '/there' }, '/there': { status: 303, location: 'end?x=1' } }),
  )
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), {
    method: 'POST',
    url: server.url('/go'),
    bodyBase64: Buffer.from('body').toString('base64'),
    headers: [{ name: 'content-type', value: 'text/plain' }],
  })
  expect(bodyText(response)).toBe('at /end?x=1')
  expect(server.seen.map(({ method, path, body }) => `${method} ${path} ${body.toString()}`)).toEqual([
    'POST /go body',
    'POST /there body',
    'GET /end?x=1 ',
  ])
})

it('is brought back when the caller wants to stop there', async () => {
  await using server = await WebServer.start(redirecting({ '/go': { status: 302, location: '/there' } }))
  await using gateway = await startGateway()
  const response = await fetchThrough(await gateway.connect(), { url: server.url('/go'), redirectPolicy: 'stop' })
  expect(response.status).toBe(302)
  expect(valuesIn(response, 'location')).toEqual(['/there'])
  expect(bodyText(response)).toBe('at /go')
  expect(server.seen).toHaveLength(1)
})

it('keeps credentials within the origin', async () => {
  await using server = await WebServer.start(redirecting({ '/go': { status: 302, location: '/there' } }))
  await using gateway = await startGateway({ fetching: { variables } })
  await fetchThrough(await gateway.connect(), { url: server.url('/go'), headers: credentials })
  const [, seen] = server.seen
  expect(seen && headerOf(seen, 'authorization')).toEqual(['Bearer t'])
  expect(seen && headerOf(seen, 'x-key')).toEqual(['secret'])
  expect(seen && headerOf(seen, 'referer')).toEqual([server.url('/go')])
})

it('takes no credentials to another origin, nor back from there', async () => {
  await using home = await WebServer.start(
    redirecting({ '/go': { status: 302, location: '' }, '/back': { status: 200, location: '' } }),
  )
  await using foreign = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(307, { location: home.url('/end') }).end()
  })
  await using start = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(307, { location: foreign.url('/catch?me') }).end()
  })
  await using gateway = await startGateway({ fetching: { variables } })
  const response = await fetchThrough(await gateway.connect(), { url: start.url('/secret?q'), headers: credentials })
  expect(bodyText(response)).toBe('at /end')
  for (const seen of [...foreign.seen, ...home.seen]) {
    for (const name of ['authorization', 'cookie', 'x-key']) expect(headerOf(seen, name), name).toEqual([])
    expect(headerOf(seen, 'x-plain')).toEqual(['1'])
    expect(headerOf(seen, 'host')[0]).toMatch(/^127\.0\.0\.1:\d+$/)
  }
  expect(foreign.seen.map(seen => headerOf(seen, 'referer'))).toEqual([[start.url('/')]])
})

it('is followed ten times and not once more', async () => {
  const chain = (length: number) =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`/${index}`, { status: 302, location: `/${index + 1}` }]))
  await using server = await WebServer.start(redirecting(chain(11)))
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  expect(bodyText(await fetchThrough(peer, { url: server.url('/1') }))).toBe('at /11')
  await expect(fetchThrough(peer, { url: server.url('/0') })).rejects.toMatchObject({
    code: -32603,
    message: 'http/request failed: error following redirect: there are more than 10',
  })
})

describe('one that cannot be followed', () => {
  it('is brought back when it does not say where to', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => response.writeHead(302).end())
    await using gateway = await startGateway()
    expect((await fetchThrough(await gateway.connect(), { url: server.url() })).status).toBe(302)
  })

  it('fails when it leaves the web', async () => {
    await using server = await WebServer.start(redirecting({ '/': { status: 302, location: 'file:///etc/passwd' } }))
    await using gateway = await startGateway()
    await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('error following redirect') as string,
    })
  })
})

it('does not wait for the body of a redirect, nor keep its connection', async () => {
  await using server = await WebServer.start(({ path }, _incoming, response) => {
    if (path === '/end') return response.end('done')
    response.writeHead(302, { location: '/end' })
    return response.write('never finished')
  })
  await using gateway = await startGateway()
  expect(bodyText(await fetchThrough(await gateway.connect(), { url: server.url('/go') }))).toBe('done')
})
