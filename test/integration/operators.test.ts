import net from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { killPath, statePath } from '../../src/gateway/operator-schemas.ts'
import type { Pages } from '../../src/gateway/pages.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'

const env = { PATH: '/usr/bin:/bin' }
const json = { 'content-type': 'application/json' }

/** Pages of operators as the program has them. */
function pagesOf({ gateway }: GatewayFixture): Pages {
  return new Map([[statePath, () => gateway.statePage()]])
}

/** The endpoint on a port of its own. */
async function openEndpoint(fixture: GatewayFixture): Promise<string> {
  return await fixture.gateway.listenForOperators({ host: '127.0.0.1', port: 0, pages: pagesOf(fixture) })
}

async function post(url: string, body: unknown, headers: Record<string, string> = json): Promise<[number, string]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', headers, body: text })
  return [response.status, await response.text()]
}

function killOf(session: number, ...ids: string[]) {
  return { processes: ids.map(id => ({ session, id })) }
}

it('shows sessions by their numbers and never by their ids, which are credentials', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const peer = await fixture.connect()
  await peer.start('p', ['sleep', '300'], { env })
  const text = await (await fetch(base + statePath)).text()
  expect(text).not.toContain(peer.sessionId)
  expect(JSON.parse(text)).toMatchObject({
    connections: { listed: [{ session: 1 }] },
    sessions: { listed: [{ number: 1, state: 'attached' }] },
    processes: { count: 1, listed: [{ session: 1, sessionState: 'attached', id: 'p', state: 'running' }] },
  })
})

it('lists what has closed last', async () => {
  await using fixture = await startGateway()
  const peer = await fixture.connect()
  await peer.run('over', 'exit 0')
  await peer.start('p', ['sleep', '300'], { env })
  const { processes } = JSON.parse(fixture.gateway.statePage().body) as { processes: { listed: { id: string }[] } }
  expect(processes.listed.map(({ id }) => id)).toEqual(['p', 'over'])
})

it('ends a process, of whichever session, with what it has started', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const [bystander, peer] = [await fixture.connect(), await fixture.connect()]
  await bystander.start('p', ['sleep', '300'], { env })
  await peer.start('p', ['/bin/sh', '-c', 'set -m; sleep 300 & echo started; wait'], { env })
  await peer.outputContains('p', 'started')
  const [status, answer] = await post(base + killPath, killOf(2, 'p'))
  expect([status, JSON.parse(answer)]).toEqual([200, { processes: [{ session: 2, id: 'p', outcome: 'killed' }] }])
  const exited = await peer.event('p', 'process/exited')
  expect(exited.params).toMatchObject({ exitCode: 137, receipt: { cause: 'terminated' } })
  // The sleep in a group of its own held the output.
  await peer.event('p', 'process/closed')
  expect(await bystander.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
})

it('tells of each process what became of it', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const peer = await fixture.connect()
  await peer.run('over', 'exit 0')
  await peer.start('p', ['sleep', '300'], { env })
  const processes = [...killOf(1, 'p', 'over', 'q').processes, ...killOf(7, 'p').processes]
  const [, answer] = await post(base + killPath, { processes })
  const { processes: outcomes } = JSON.parse(answer) as { processes: { outcome: string }[] }
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['killed', 'ended', 'unknown', 'unknown'])
})

it('ends nothing for a page in a browser, nor for what such a page could send unasked', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const peer = await fixture.connect()
  await peer.start('p', ['sleep', '300'], { env })
  const kill = killOf(1, 'p')
  expect(await post(base + killPath, kill, { ...json, origin: base })).toEqual([403, ''])
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/json']) {
    const refused = [415, 'content-type must be application/json\n']
    expect(await post(base + killPath, kill, { 'content-type': type })).toEqual(refused)
  }
  const preflight = { 'access-control-request-method': 'POST', origin: 'http://localhost' }
  expect((await fetch(base + killPath, { method: 'OPTIONS', headers: preflight })).status).toBe(403)
  expect((await fetch(base + killPath)).status).toBe(404)
  expect(await peer.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
})

it('shows and ends nothing for a page whose name was made to resolve to this machine', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const peer = await fixture.connect()
  await peer.start('p', ['sleep', '300'], { env })
  const { port } = new URL(base)
  const statusFor = async (head: string, body = '') => {
    const socket = net.connect(Number(port), '127.0.0.1')
    socket.end(`${head}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    return (await text(socket)).split('\r\n')[0]
  }
  const kill = JSON.stringify(killOf(1, 'p'))
  const rebound = 'host: evil.example\r\ncontent-type: application/json'
  for (const path of pagesOf(fixture).keys()) {
    expect(await statusFor(`GET ${path} HTTP/1.1\r\n${rebound}`), path).toBe('HTTP/1.1 421 Misdirected Request')
  }
  expect(await statusFor(`POST ${killPath} HTTP/1.1\r\n${rebound}`, kill)).toBe('HTTP/1.1 421 Misdirected Request')
  expect(await peer.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
  const own = 'host: localhost\r\ncontent-type: application/json'
  expect(await statusFor(`POST ${killPath} HTTP/1.1\r\n${own}`, kill)).toBe('HTTP/1.1 200 OK')
})

it.each([
  ['{"processes":', 'the body is not JSON'],
  ['', 'the body is not JSON'],
  ['null', 'expected {"processes":'],
  [{ processes: [] }, 'expected {"processes":'],
  [killOf(0, 'p'), 'expected {"processes":'],
  [killOf(1.5, 'p'), 'expected {"processes":'],
  [{ ...killOf(1, 'p'), force: true }, 'expected {"processes":'],
  [killOf(1, ...Array.from({ length: 101 }, () => 'p')), 'with 1 to 100 processes'],
])('refuses the body %j', async (body, message) => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const [status, answer] = await post(base + killPath, body)
  expect(status).toBe(400)
  expect(answer).toContain(message)
})

it('refuses a body beyond its limit', async () => {
  await using fixture = await startGateway()
  const base = await openEndpoint(fixture)
  const [status] = await post(base + killPath, 'x'.repeat(256 * 1024 + 1))
  expect(status).toBe(413)
})

it('leaves the processes to a gateway that shuts down', async () => {
  await using fixture = await startGateway({ limits: { graceMs: 60_000 } })
  const base = await openEndpoint(fixture)
  const peer = await fixture.connect()
  await peer.start('p', ['/bin/sh', '-c', 'trap "echo asked" TERM; echo started; while :; do sleep 300; done'], { env })
  await peer.outputContains('p', 'started')
  const drained = fixture.gateway.drain()
  const refused = [503, 'the gateway is shutting down and ends every process itself\n']
  expect(await post(base + killPath, killOf(1, 'p'))).toEqual(refused)
  fixture.gateway.killAll()
  await drained
})

it('is on the port of clients where the pages of operators are', async () => {
  await using fixture = await startGateway()
  expect(await post(fixture.url.replace('ws', 'http') + killPath, killOf(1, 'p'))).toEqual([404, ''])
  const address = { host: '127.0.0.1', port: 0, hasHealthEndpoints: true }
  const url = await fixture.gateway.listen({ ...address, pages: pagesOf(fixture) })
  const base = url.replace('ws', 'http')
  expect((await post(base + killPath, killOf(1, 'p')))[0]).toBe(200)
  expect((await fetch(base + killPath)).status).toBe(405)
  expect(await post(base + killPath, killOf(1, 'p'), { ...json, origin: base })).toEqual([403, ''])
})
