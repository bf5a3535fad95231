import { describe, expect, test } from 'vitest'
import { problemsOfDocument, problemsOfValue } from '../../test/support/openrpc-check.ts'
import { methods, notifications } from './method-table.ts'
import { openRpcDocument } from './openrpc.ts'
import type { JsonSchema } from './wire-schema.ts'

const document = openRpcDocument('1.2.3')
const { methods: described, components, 'x-notifications': sent } = document

function paramsOf(name: string): Record<string, JsonSchema> {
  const params = described.find(method => method.name === name)?.params ?? []
  return Object.fromEntries(params.map(param => [param.name, param.schema]))
}

test('the document is one of OpenRPC', () => {
  expect(problemsOfDocument(document)).toEqual([])
  expect(document.info.version).toBe('1.2.3')
})

test('the check notices what OpenRPC does not allow', () => {
  const [first, ...others] = described
  expect(problemsOfDocument({ ...document, openrpc: '2' })).toHaveLength(1)
  expect(problemsOfDocument({ ...document, methods: [{ ...first, params: undefined }, ...others] })).not.toEqual([])
  expect(problemsOfDocument({ ...document, methods: [{ ...first, kind: 'request' }] })).not.toEqual([])
  const broken = { ...first, result: { name: 'result', schema: { type: 'nothing' } } }
  expect(problemsOfDocument({ ...document, methods: [broken] })).not.toEqual([])
})

test('every request has a result, and what the client tells has none', () => {
  const requests = described.filter(({ result }) => result !== undefined).map(({ name }) => name)
  expect(requests).toEqual(Object.keys(methods))
  expect(described.filter(({ result }) => result === undefined).map(({ name }) => name)).toEqual(['initialized'])
})

test('what the gateway tells is there with its parameters', () => {
  expect(sent.map(({ name }) => name)).toEqual(Object.keys(notifications))
  expect(sent[0]?.params.map(({ name }) => name)).toEqual(['processId', 'seq', 'stream', 'chunk'])
})

test('every error a method names is described with its code', () => {
  const named = described.flatMap(({ errors = [] }) => errors.map(({ $ref }) => $ref))
  const known = new Set(Object.keys(components.errors).map(kind => `#/components/errors/${kind}`))
  expect(named.filter(reference => !known.has(reference))).toEqual([])
  expect(components.errors['sessionAttached']?.code).toBe(-32_010)
})

test('every schema that is referred to is there, and none beside them', () => {
  const text = JSON.stringify([described, sent, components.schemas])
  const named = Array.from(text.matchAll(/"#\/components\/schemas\/([^"]+)"/g), ([, name = '']) => name)
  expect([...new Set(named)].toSorted()).toEqual(Object.keys(components.schemas).toSorted())
  expect(named).toContain('SandboxIntent')
})

test('only what a caller has to write is required', () => {
  const required = described.find(({ name }) => name === 'process/start')?.params.filter(param => param.required)
  expect(required?.map(({ name }) => name)).toEqual(['processId', 'argv', 'cwd', 'env', 'tty'])
})

describe('the schemas of parameters', () => {
  test.each([
    ['process/read', 'afterSeq', 3],
    ['process/read', 'afterSeq', null],
    ['process/start', 'argv', ['ls', '-l']],
    ['process/start', 'env', { PATH: '/bin' }],
    ['process/start', 'cwd', 'file:///tmp'],
    ['process/start', 'sandbox', { permissions: { type: 'disabled' }, windowsSandboxLevel: 'disabled' }],
    ['process/write', 'chunk', 'aGk='],
  ])('of %s let %s be %j', (method, param, value) => {
    expect(problemsOfValue(document, paramsOf(method)[param] ?? {}, value)).toEqual([])
  })

  test.each([
    ['process/read', 'afterSeq', -1],
    ['process/read', 'afterSeq', 1.5],
    ['process/read', 'waitMs', '5'],
    ['process/start', 'argv', 'ls -l'],
    ['process/start', 'env', { PATH: null }],
    ['process/start', 'sandbox', { permissions: { type: 'some' }, windowsSandboxLevel: 'disabled' }],
    ['process/signal', 'signal', 'SIGHUP'],
    ['process/resize', 'rows', 0],
  ])('of %s do not let %s be %j', (method, param, value) => {
    expect(problemsOfValue(document, paramsOf(method)[param] ?? {}, value)).not.toEqual([])
  })
})
