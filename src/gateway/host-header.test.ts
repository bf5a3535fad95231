import { expect, it } from 'vitest'
import { isRebound } from './host-header.ts'

it.each([
  '127.0.0.1:7777',
  '127.0.0.1',
  '127.1.2.3:80',
  'localhost:7777',
  'LOCALHOST',
  'gateway.localhost:1',
  '[::1]:7777',
  '[::ffff:127.0.0.1]',
])('over the loopback %j is this machine', host => {
  expect(isRebound('127.0.0.1', host)).toBe(false)
  expect(isRebound('::1', host)).toBe(false)
})

it.each([
  'evil.example:7777',
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'notlocalhost',
  '10.0.0.1',
  '0.0.0.0:7777',
  '[::2]',
  '[::1',
  '127.0.0.1:7777:8',
  '127.0.0.1@evil.example',
  '',
  undefined,
])('over the loopback %j is somebody else', host => {
  expect(isRebound('127.0.0.1', host)).toBe(true)
  expect(isRebound('::ffff:127.0.0.1', host)).toBe(true)
})

it('lets others call this machine what they like', () => {
  expect(isRebound('10.0.0.7', 'execgate.monitoring.svc:9464')).toBe(false)
  expect(isRebound(undefined, 'evil.example')).toBe(false)
})
