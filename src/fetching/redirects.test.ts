import { describe, expect, test } from 'vitest'
import type { OutboundRequest } from './outbound-request.ts'
import { redirected } from './redirects.ts'

const request: OutboundRequest = {
  method: 'POST',
  url: new URL('https://one.test/a/b?c=d'),
  headers: [
    { name: 'authorization', value: 'Bearer t', isSecret: true },
    { name: 'x-key', value: 'from the environment', isSecret: true },
    { name: 'host', value: 'alias.test', isSecret: false },
    { name: 'content-type', value: 'text/plain', isSecret: false },
    { name: 'content-language', value: 'en', isSecret: false },
    { name: 'referer', value: 'https://elsewhere.test/', isSecret: false },
    { name: 'x-plain', value: '1', isSecret: false },
  ],
  body: Buffer.from('body'),
}

function follow(status: number, location: string | undefined, from = request): OutboundRequest | undefined {
  return redirected(from, { status, location })
}

const namesOf = (next: OutboundRequest | undefined) => next?.headers.map(({ name }) => name)
const refererOf = (next: OutboundRequest | undefined) => next?.headers.find(({ name }) => name === 'referer')?.value

describe('a redirect', () => {
  test.each([
    [301, 'POST', 'GET', false],
    [302, 'POST', 'GET', false],
    [301, 'PUT', 'PUT', true],
    [302, 'GET', 'GET', true],
    [303, 'POST', 'GET', false],
    [303, 'PUT', 'GET', false],
    [303, 'GET', 'GET', false],
    [303, 'HEAD', 'HEAD', false],
    [307, 'POST', 'POST', true],
    [308, 'DELETE', 'DELETE', true],
  ])('with %i turns %s into %s', (status, method, expected, keepsBody) => {
    const next = follow(status, '/next', { ...request, method })
    expect(next?.method).toBe(expected)
    expect(next?.body?.toString()).toBe(keepsBody ? 'body' : undefined)
    expect(namesOf(next)?.includes('content-type')).toBe(keepsBody)
    expect(namesOf(next)).toContain('content-language')
  })

  test.each([
    ['/next', 'https://one.test/next'],
    ['next?x', 'https://one.test/a/next?x'],
    ['//two.test/', 'https://two.test/'],
    ['https://me:secret@one.test/x#y', 'https://one.test/x'],
  ])('to %s leads to %s', (location, url) => {
    expect(follow(307, location)?.url.href).toBe(url)
  })

  test('within an origin takes everything along', () => {
    const next = follow(307, '/next')
    expect(namesOf(next)).toEqual([
      'authorization',
      'x-key',
      'host',
      'content-type',
      'content-language',
      'x-plain',
      'referer',
    ])
    expect(refererOf(next)).toBe('https://one.test/a/b?c=d')
  })

  test.each(['https://two.test/', 'https://one.test:8443/', 'https://sub.one.test/'])(
    'to another origin, %s, leaves behind what was for the first, for good',
    location => {
      const next = follow(307, location)
      expect(namesOf(next)).toEqual(['content-type', 'content-language', 'x-plain', 'referer'])
      expect(refererOf(next)).toBe('https://one.test/')
      const back = next && follow(307, 'https://one.test/', next)
      expect(namesOf(back)).toEqual(['content-type', 'content-language', 'x-plain', 'referer'])
    },
  )

  test('from https to http of the same host is one to another origin, and tells nothing of where it came from', () => {
    expect(namesOf(follow(307, 'http://one.test/'))).toEqual(['content-type', 'content-language', 'x-plain'])
  })

  test.each([
    [200, '/x'],
    [300, '/x'],
    [304, '/x'],
    [302, undefined],
    [302, 'http://['],
  ])('is none with %i to %s', (status, location) => {
    expect(follow(status, location)).toBeUndefined()
  })

  test('to something that is not the web is refused', () => {
    expect(() => follow(302, 'file:///etc/passwd')).toThrow('neither http nor https')
  })
})
