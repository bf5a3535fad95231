import { describe, expect, test } from 'vitest'
import { isPublicAddress } from './public-address.ts'
import { type TargetPolicy, TargetRules } from './target-rules.ts'

const rules = (policy: TargetPolicy, allow: string[] = [], deny: string[] = []) =>
  new TargetRules({ policy, allow, deny })

describe('public addresses', () => {
  test.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
    '%s is one',
    address => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '::ffff:0:7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
  ])('%s is none', address => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('rules for targets', () => {
  test('decide by the address, whatever the name', () => {
    expect(rules('public').permits('innocent.test', '127.0.0.1')).toBe(false)
    expect(rules('public').permits('innocent.test', '1.1.1.1')).toBe(true)
    expect(rules('public').permits('fe80::1', 'fe80::1%eth0')).toBe(false)
    expect(rules('all').permits('innocent.test', '127.0.0.1')).toBe(true)
    expect(rules('listed').permits('innocent.test', '1.1.1.1')).toBe(false)
  })

  test.each([['innocent.test'], ['10.0.0.0/8']])('let through what %s allows', allowed => {
    for (const policy of ['public', 'listed'] as const) {
      expect(rules(policy, [allowed]).permits('innocent.test', '10.1.1.1')).toBe(true)
      expect(rules(policy, [allowed]).permits('other.test', '192.168.1.1')).toBe(false)
    }
  })

  test.each([['innocent.test'], ['1.0.0.0/8'], ['*']])('never let through what %s denies', denied => {
    expect(rules('all', ['*'], [denied]).permits('innocent.test', '1.1.1.1')).toBe(false)
    expect(rules('all', ['*'], [denied]).permitsUnseen('1.1.1.1')).toBe(denied === 'innocent.test')
  })

  test('judge a name that somebody else looks up by itself', () => {
    expect(rules('public').permitsUnseen('example.com')).toBe(true)
    expect(rules('public').permitsUnseen('localhost')).toBe(false)
    expect(rules('public').permitsUnseen('metadata.google.internal')).toBe(false)
    expect(rules('public').permitsUnseen('169.254.169.254')).toBe(false)
    expect(rules('public', ['localhost']).permitsUnseen('localhost')).toBe(true)
    expect(rules('listed').permitsUnseen('example.com')).toBe(false)
    expect(rules('listed', ['example.com']).permitsUnseen('api.example.com')).toBe(true)
    expect(rules('all', [], ['example.com']).permitsUnseen('example.com')).toBe(false)
    expect(rules('all').permitsUnseen('localhost')).toBe(true)
  })
})
