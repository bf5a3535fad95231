import { describe, expect, test } from 'vitest'
import { AffinityCookies } from './affinity-cookies.ts'

const home = new URL('https://chatgpt.com/backend-api/x')

function stored(...setCookies: string[]): AffinityCookies {
  const cookies = new AffinityCookies(() => 1_000_000)
  cookies.store(home, setCookies)
  return cookies
}

describe('cookies that route', () => {
  test('are sent back in the order they were set', () => {
    expect(stored('__cf_bm=a; path=/', 'cf_chl_rc=b; path=/').headerFor(home)).toBe('__cf_bm=a; cf_chl_rc=b')
  })

  test('are replaced by name, domain and path, and go when they expire', () => {
    const cookies = stored('__cflb=a; path=/', '_cfuvid=b; path=/')
    cookies.store(home, ['__cflb=c; path=/', '_cfuvid=; path=/; max-age=0'])
    expect(cookies.headerFor(home)).toBe('__cflb=c')
  })

  test.each(['session=a', '__Secure-next-auth.session-token=a', 'cf=b', '=x', ''])('%s is none', text => {
    expect(stored(`${text}; path=/`).headerFor(home)).toBeUndefined()
  })

  test.each([
    ['https://chatgpt.com/other', '__cf_bm=a; domain=chatgpt.com; path=/', true],
    ['https://ab.chatgpt.com/', '__cf_bm=a; domain=.chatgpt.com; path=/', true],
    ['https://ab.chatgpt.com/', '__cf_bm=a; path=/', false],
    ['https://chatgpt.com/backend-api/y', '__cf_bm=a', true],
    ['https://chatgpt.com/backend-apix', '__cf_bm=a', false],
    ['http://chatgpt.com/', '__cf_bm=a; path=/', false],
    ['https://chatgpt.com.evil.test/', '__cf_bm=a; path=/', false],
    ['https://chatgpt.com/', '__cf_bm=a; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT', false],
    ['https://chatgpt.com/', '__cf_bm=a; domain=other.test; path=/', false],
  ])('for %s: %s', (url, setCookie, isSent) => {
    expect(stored(setCookie).headerFor(new URL(url))).toBe(isSent ? '__cf_bm=a' : undefined)
  })

  test('of other services are not kept', () => {
    const cookies = new AffinityCookies()
    const other = new URL('https://example.com/')
    cookies.store(other, ['__cf_bm=a; path=/'])
    expect(cookies.headerFor(other)).toBeUndefined()
  })

  test('are bounded, oldest first', () => {
    const cookies = stored(...Array.from({ length: 300 }, (_, index) => `cf_chl_${index}=x; path=/`))
    const sent = cookies.headerFor(home)?.split('; ') ?? []
    expect(sent).toHaveLength(256)
    expect(sent.at(-1)).toBe('cf_chl_299=x')
  })
})
