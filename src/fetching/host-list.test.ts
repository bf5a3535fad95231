import { describe, expect, test } from 'vitest'
import { HostList, hostOf } from './host-list.ts'

const list = new HostList([
  'Example.com',
  ' .lan ',
  '*.corp.test',
  'dotted.test.',
  '10.0.0.0/8',
  '192.0.2.1',
  'fd00::/8',
  '10.0.0.0/99',
])

describe('a list of hosts', () => {
  test.each([
    'example.com',
    'a.example.com',
    'a.b.example.com',
    'lan',
    'x.lan',
    'corp.test',
    'x.corp.test',
    'dotted.test',
    '10.255.0.1',
  ])('has %s', host => {
    expect(list.hasHost(host)).toBe(true)
  })

  test.each(['notexample.com', 'com', 'example.com.evil.test', '11.0.0.1', '192.0.2.2', 'fe80::1', ''])(
    'does not have %s',
    host => {
      expect(list.hasHost(host)).toBe(false)
    },
  )

  test.each(['10.1.2.3', '192.0.2.1', '::ffff:10.1.2.3', 'fdab::1'])('has the address %s', address => {
    expect(list.hasAddress(address)).toBe(true)
  })

  test('has everything with a star', () => {
    const all = new HostList(['*'])
    expect(all.hasHost('anything.test')).toBe(true)
    expect(all.hasAddress('1.2.3.4')).toBe(true)
  })
})

test.each([
  ['http://[::1]:80/', '::1'],
  ['http://example.com./', 'example.com'],
  ['http://EXAMPLE.com/', 'example.com'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
])('the host of %s is %s', (url, host) => {
  expect(hostOf(new URL(url))).toBe(host)
})
