import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrivateAuthority } from '../support/certificates.ts'
import { bodyText, fetchThrough } from '../support/http-calls.ts'
import { isInstalled } from '../support/installed-programs.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { WebProxy } from '../support/web-proxy.ts'
import { headerOf, WebServer } from '../support/web-server.ts'

describe.skipIf(!isInstalled('openssl'))('requests over TLS', () => {
  let authority: PrivateAuthority
  beforeAll(() => {
    authority = new PrivateAuthority()
  })
  afterAll(() => {
    authority[Symbol.dispose]()
  })

  const secret = () => WebServer.start((_request, _incoming, response) => response.end('secret'), authority.server)

  describe('a server of a private authority', () => {
    it('is not trusted by default', async () => {
      await using server = await secret()
      await using gateway = await startGateway()
      await expect(fetchThrough(await gateway.connect(), { url: server.url() })).rejects.toMatchObject({
        code: -32603,
        message: expect.stringMatching(/^http\/request failed: the certificate is not accepted: UNABLE_TO_/) as string,
      })
      expect(server.seen).toEqual([])
    })

    it.each(['CODEX_CA_CERTIFICATE', 'SSL_CERT_FILE'])('is trusted when %s names it', async variable => {
      await using server = await secret()
      await using gateway = await startGateway({ fetching: { environment: { [variable]: authority.path } } })
      const peer = await gateway.connect()
      expect(bodyText(await fetchThrough(peer, { url: server.url() }))).toBe('secret')
      expect(bodyText(await fetchThrough(peer, { url: server.url('/', 'localhost') }))).toBe('secret')
    })

    it('is still asked for its name', async () => {
      using other = new PrivateAuthority('DNS:elsewhere.test')
      await using server = await WebServer.start((_request, _incoming, response) => response.end(), other.server)
      await using gateway = await startGateway({ fetching: { environment: { CODEX_CA_CERTIFICATE: other.path } } })
      await expect(fetchThrough(await gateway.connect(), { url: server.url('/', 'localhost') })).rejects.toMatchObject({
        message: 'http/request failed: the certificate is not accepted: ERR_TLS_CERT_ALTNAME_INVALID',
      })
    })
  })

  describe('certificates that cannot be used', () => {
    it.each([
      ['nothing', undefined, 'the certificates that CODEX_CA_CERTIFICATE names cannot be read'],
      ['no certificate', 'no certificate', 'CODEX_CA_CERTIFICATE names a file without certificates'],
      [
        'a broken one',
        '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
        'CODEX_CA_CERTIFICATE names a file with an invalid certificate',
      ],
    ])('fail every request until they are put right: %s', async (_what, content, reason) => {
      using folder = new ScratchFolder()
      const path = content === undefined ? `${folder.path}/missing` : folder.write('bundle.pem', content)
      await using server = await WebServer.start((_request, _incoming, response) => response.end('fine'))
      await using gateway = await startGateway({ fetching: { environment: { CODEX_CA_CERTIFICATE: path } } })
      const peer = await gateway.connect()
      const failure = { code: -32603, message: `http/request failed: ${reason}` }
      await expect(fetchThrough(peer, { url: server.url() })).rejects.toMatchObject(failure)
      folder.write(path.slice(folder.path.length + 1), authority.server.cert.toString())
      expect(bodyText(await fetchThrough(peer, { url: server.url() }))).toBe('fine')
    })
  })

  describe('a proxy', () => {
    it('tunnels what is encrypted, and gets its own credentials', async () => {
      await using server = await secret()
      await using proxy = await WebProxy.start(() => server.port)
      await using gateway = await startGateway({
        fetching: { environment: { HTTPS_PROXY: proxy.url('me:pw@'), CODEX_CA_CERTIFICATE: authority.path } },
      })
      const response = await fetchThrough(await gateway.connect(), {
        url: 'https://chatgpt.com/x',
        headers: [
          { name: 'x-a', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      })
      expect(bodyText(response)).toBe('secret')
      expect(proxy.asked).toEqual(['CONNECT chatgpt.com:443'])
      expect(proxy.credentials).toEqual([`Basic ${Buffer.from('me:pw').toString('base64')}`])
      const [seen] = server.seen
      expect(seen && headerOf(seen, 'x-a')).toEqual(['1', '2'])
      expect(seen && headerOf(seen, 'host')).toEqual(['chatgpt.com'])
      expect(seen && headerOf(seen, 'proxy-authorization')).toEqual([])
    })

    it('may be reached over TLS itself', async () => {
      await using server = await secret()
      await using plain = await WebServer.start((_request, _incoming, response) => response.end('plain'))
      let port = server.port
      await using proxy = await WebProxy.start(() => port, authority.server)
      await using gateway = await startGateway({
        fetching: { environment: { ALL_PROXY: proxy.url(), CODEX_CA_CERTIFICATE: authority.path } },
      })
      const peer = await gateway.connect()
      expect(bodyText(await fetchThrough(peer, { url: 'https://chatgpt.com/' }))).toBe('secret')
      port = plain.port
      expect(bodyText(await fetchThrough(peer, { url: 'http://example.test/x' }))).toBe('plain')
      expect(proxy.asked).toEqual(['CONNECT chatgpt.com:443', 'GET http://example.test/x'])
    })
  })

  it('sends back the cookies by which the service keeps a client on one machine, and no others', async () => {
    await using server = await WebServer.start((_request, _incoming, response) => {
      response.setHeader('set-cookie', ['_cfuvid=here; path=/; secure', 'session=mine; path=/'])
      response.end()
    }, authority.server)
    await using proxy = await WebProxy.start(() => server.port)
    await using gateway = await startGateway({
      fetching: { environment: { HTTPS_PROXY: proxy.url(), CODEX_CA_CERTIFICATE: authority.path } },
    })
    const one = await gateway.connect()
    const other = await gateway.connect()
    await fetchThrough(one, { url: 'https://chatgpt.com/a' })
    await fetchThrough(other, { url: 'https://chatgpt.com/b' })
    await fetchThrough(one, { url: 'https://chatgpt.com/c', headers: [{ name: 'cookie', value: 'own=1' }] })
    expect(server.seen.map(seen => headerOf(seen, 'cookie'))).toEqual([[], ['_cfuvid=here'], ['own=1']])
  })
})
