import { describe, expect, test } from 'vitest'
import { ProxyEnvironment } from './proxy-environment.ts'

function proxyFor(environment: Record<string, string>, url: string): string | undefined {
  return new ProxyEnvironment(environment).proxyFor(new URL(url))?.href
}

describe('the proxy of the environment', () => {
  test.each([
    [{}, 'http://example.com/', undefined],
    [{ HTTP_PROXY: 'http://p:1' }, 'http://example.com/', 'http://p:1/'],
    [{ HTTP_PROXY: 'http://p:1' }, 'https://example.com/', undefined],
    [{ HTTPS_PROXY: 'http://p:2' }, 'https://example.com/', 'http://p:2/'],
    [{ ALL_PROXY: 'http://p:3' }, 'https://example.com/', 'http://p:3/'],
    [{ all_proxy: 'http://p:3', HTTP_PROXY: 'http://p:1' }, 'http://example.com/', 'http://p:1/'],
    [{ http_proxy: 'http://lower:1' }, 'http://example.com/', 'http://lower:1/'],
    [{ http_proxy: 'http://lower:1', HTTP_PROXY: 'http://upper:1' }, 'http://example.com/', 'http://upper:1/'],
    [{ http_proxy: '', HTTP_PROXY: 'http://upper:1' }, 'http://example.com/', 'http://upper:1/'],
    [{ http_proxy: 'http://lower:1', HTTP_PROXY: '' }, 'http://example.com/', undefined],
    [{ http_proxy: 'http://lower:1', HTTP_PROXY: '', ALL_PROXY: 'http://p:3' }, 'http://example.com/', 'http://p:3/'],
    [{ HTTP_PROXY: 'p:1' }, 'http://example.com/', 'http://p:1/'],
    [{ HTTP_PROXY: '' }, 'http://example.com/', undefined],
    [{ HTTP_PROXY: 'ftp://p' }, 'http://example.com/', undefined],
    [{ HTTP_PROXY: 'http://p:1', REQUEST_METHOD: 'GET' }, 'http://example.com/', undefined],
    [{ ALL_PROXY: 'socks5h://p:1080' }, 'http://example.com/', 'socks5://p:1080'],
  ])('%o for %s is %s', (environment, url, proxy) => {
    expect(proxyFor(environment, url)).toBe(proxy)
  })

  test.each(['http://example.com/', 'http://api.example.com:8080/', 'http://10.9.8.7/', 'http://[fd00::1]/'])(
    'is not for %s when that is an exception',
    url => {
      const environment = { HTTP_PROXY: 'http://p:1', NO_PROXY: 'other.test, example.com,10.0.0.0/8 fd00::/8' }
      expect(proxyFor(environment, url)).toBeUndefined()
      expect(proxyFor(environment, 'http://example.org/')).toBe('http://p:1/')
      expect(proxyFor({ ...environment, NO_PROXY: '*' }, 'http://example.org/')).toBeUndefined()
      expect(proxyFor({ ...environment, no_proxy: '*' }, 'http://example.org/')).toBe('http://p:1/')
      expect(proxyFor({ HTTP_PROXY: 'http://p:1', no_proxy: '*' }, 'http://example.org/')).toBeUndefined()
    },
  )
})
