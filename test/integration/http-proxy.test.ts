import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { bodyText, fetchThrough } from '../support/http-calls.ts'
import { startGateway } from '../support/start-gateway.ts'
import { WebProxy } from '../support/web-proxy.ts'
import { WebServer } from '../support/web-server.ts'

it('goes around the proxy for what is an exception', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end('direct'))
  await using proxy = await WebProxy.start(() => server.port)
  await using gateway = await startGateway({
    fetching: { environment: { HTTP_PROXY: proxy.url(), NO_PROXY: '127.0.0.0/8' } },
  })
  expect(bodyText(await fetchThrough(await gateway.connect(), { url: server.url() }))).toBe('direct')
  expect(proxy.asked).toEqual([])
})

it.each([
  [403, 'the proxy does not connect to this target (403)'],
  [407, 'the proxy asks for credentials'],
])('tells a proxy that refuses a tunnel with %i from the server', async (status, reason) => {
  await using proxy = await WebProxy.start(() => 1)
  proxy.refusesWith = status
  await using gateway = await startGateway({ fetching: { environment: { ALL_PROXY: proxy.url() } } })
  const peer = await gateway.connect()
  await expect(fetchThrough(peer, { url: 'https://example.test/' })).rejects.toMatchObject({
    message: `http/request failed: ${reason}`,
  })
  expect(await fetchThrough(peer, { url: 'http://example.test/' })).toMatchObject({ status })
})

it.each(['http', 'https'])('gives a proxy that does not answer for %s up with the request', async scheme => {
  await using proxy = await WebProxy.start(() => 1)
  proxy.refusesWith = 'silence'
  await using gateway = await startGateway({ fetching: { environment: { ALL_PROXY: proxy.url() } } })
  const peer = await gateway.connect()
  await expect(fetchThrough(peer, { url: `${scheme}://example.test/`, timeoutMs: 3000 })).rejects.toMatchObject({
    message: 'http/request failed: operation timed out',
  })
  expect(proxy.asked).toHaveLength(1)
  await eventually(() => proxy.connections === 0, 'the connection to the proxy is closed')
})

it('refuses a proxy of another kind rather than going around it', async () => {
  await using server = await WebServer.start((_request, _incoming, response) => response.end('direct'))
  await using gateway = await startGateway({ fetching: { environment: { ALL_PROXY: 'socks5://127.0.0.1:1' } } })
  await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject({
    message: 'http/request failed: the proxy that the environment names is neither http nor https',
  })
  expect(server.seen).toEqual([])
})

it.each([
  ['resets the tunnel it has opened', 'HTTP/1.1 200 OK\r\n\r\n', 'connection'],
  ['says nothing and goes', '', 'the proxy closed the connection'],
  ['goes in the middle of its answer', 'HTTP/1.1 200 OK\r\n', 'the proxy closed the connection'],
  ['speaks without end', 'x'.repeat(20_000), 'the proxy does not speak HTTP'],
  ['speaks something else', '220 ready\r\n\r\n', 'the proxy does not speak HTTP'],
])('ends a request when the proxy %s', async (_what, answer, reason) => {
  const proxy = createServer(socket => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write(answer)
        // The next bytes are those of TLS.
        if (answer.includes('200 OK\r\n\r\n')) socket.once('data', () => socket.resetAndDestroy())
        else socket.end()
      })
  })
  await using acquired = new AsyncDisposableStack()
  acquired.defer(() => void proxy.close())
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  await using gateway = await startGateway({ fetching: { environment: { ALL_PROXY: `http://127.0.0.1:${port}` } } })
  await expect(fetchThrough(await gateway.connect(), { url: 'https://example.test/' })).rejects.toMatchObject({
    code: -32603,
    message: expect.stringContaining(reason) as string,
  })
})
