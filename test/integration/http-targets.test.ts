import { describe, expect, it } from 'vitest'
import type { TargetRuleOptions } from '../../src/fetching/target-rules.ts'
import { bodyText, fetchThrough } from '../support/http-calls.ts'
import { startGateway } from '../support/start-gateway.ts'
import { WebProxy } from '../support/web-proxy.ts'
import { WebServer } from '../support/web-server.ts'

const refused = { code: -32603, message: "http/request failed: the gateway's rules do not allow this target" }

const plain = () => WebServer.start((_request, _incoming, response) => response.end('reached'))
const withRules = (targets: Partial<TargetRuleOptions>) =>
  startGateway({ fetching: { targets: { policy: 'public', allow: [], deny: [], ...targets } } })

describe('a gateway that lets only public addresses be reached', () => {
  it.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'refuses loopback as %s',
    async host => {
      await using server = await plain()
      await using gateway = await withRules({})
      await expect(fetchThrough(await gateway.connect(), { url: server.url('/', host) })).rejects.toMatchObject(refused)
      expect(server.sockets.size).toBe(0)
      expect(gateway.gateway.telemetry.instruments.fetches.value({ mode: 'buffered', result: 'refused' })).toBe(1)
    },
  )

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://[fd00:ec2::254]/',
    'http://0.0.0.0/',
  ])('refuses %s without trying', async url => {
    await using gateway = await withRules({})
    await expect(fetchThrough(await gateway.connect(), { url })).rejects.toMatchObject(refused)
  })

  it.each([['127.0.0.0/8'], ['localhost']])('reaches what %s allows', async allowed => {
    await using server = await plain()
    await using gateway = await withRules({ allow: [allowed] })
    const response = await fetchThrough(await gateway.connect(), { url: server.url('/', 'localhost') })
    expect(bodyText(response)).toBe('reached')
  })
})

it('refuses a redirect to what is not allowed', async () => {
  await using hidden = await plain()
  await using server = await WebServer.start((_request, _incoming, response) => {
    response.writeHead(302, { location: hidden.url('/', '127.0.0.2') }).end()
  })
  await using gateway = await withRules({ allow: ['127.0.0.1'] })
  await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject(refused)
  expect(hidden.seen).toEqual([])
})

it('refuses what is denied although everything else is allowed', async () => {
  await using server = await plain()
  await using gateway = await withRules({ policy: 'all', deny: ['127.0.0.1'] })
  const peer = await gateway.connect()
  await expect(fetchThrough(peer, { url: server.url() })).rejects.toMatchObject(refused)
  await expect(fetchThrough(peer, { url: server.url('/', 'localhost') })).rejects.toMatchObject(refused)
})

it('asks a proxy only for what is allowed', async () => {
  await using server = await plain()
  await using proxy = await WebProxy.start(() => server.port)
  await using gateway = await startGateway({
    fetching: {
      targets: { policy: 'public', allow: [], deny: ['denied.test'] },
      environment: { HTTP_PROXY: proxy.url() },
    },
  })
  const peer = await gateway.connect()
  expect(bodyText(await fetchThrough(peer, { url: 'http://example.test/a?b' }))).toBe('reached')
  for (const host of ['denied.test', 'localhost', '127.0.0.1', '169.254.169.254']) {
    await expect(fetchThrough(peer, { url: `http://${host}/` })).rejects.toMatchObject(refused)
  }
  expect(proxy.asked).toEqual(['GET http://example.test/a?b'])
})
