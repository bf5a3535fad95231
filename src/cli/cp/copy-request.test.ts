import { expect, test } from 'vitest'
import { parseCopyRequest } from './copy-request.ts'

function parse(operands: string[], url?: string, environment: Record<string, string> = {}) {
  const request = parseCopyRequest(operands, url, environment)
  return 'problem' in request ? request.problem : { ...request, remote: request.remote.uri.canonical }
}

const url = 'ws://127.0.0.1:7777'

test.each([
  [['a', ':/b'], { url, direction: 'up', local: 'a', remote: 'file:///b' }],
  [['gateway:/b/', '-'], { url, direction: 'down', local: '-', remote: 'file:///b' }],
  [['./:a', ':file:///b%20c'], { url, direction: 'up', local: './:a', remote: 'file:///b%20c' }],
])('%j says which is where', (operands, request) => {
  expect(parse(operands)).toEqual(request)
})

test('the flag wins over the variable, and the endpoint of operators is the same gateway', () => {
  const environment = { EXECGATE_URL: 'http://h:1' }
  expect(parse(['a', ':/b'], undefined, environment)).toMatchObject({ url: 'ws://h:1' })
  expect(parse(['a', ':/b'], 'wss://i', environment)).toMatchObject({ url: 'wss://i' })
})

test.each([
  [['a', 'b'], 'one of the two is at the gateway: write it as `:PATH`, or `gateway:PATH`'],
  [[':/a', ':/b'], 'one of the two is at the gateway: write it as `:PATH`, or `gateway:PATH`'],
  [['a', ':b'], '`b` is no path at a gateway: it has to be absolute'],
  [['a', ':file:///b?c'], 'query parameters are not allowed in path URIs'],
  [['', ':/b'], 'the local path is empty'],
])('%j is refused', (operands, problem) => {
  expect(parse(operands)).toBe(problem)
})

test('an empty variable is none', () => {
  expect(parse(['a', ':/b'], undefined, { EXECGATE_URL: '' })).toMatchObject({ url })
})

test('a URL of another scheme is refused', () => {
  expect(parse(['a', ':/b'], 'ftp://me:secret@h')).toBe('`ftp://h` is no ws:// or wss:// URL')
  expect(parse(['a', ':/b'], 'ftp://h')).toBe('`ftp://h` is no ws:// or wss:// URL')
})
