import { expect, it } from 'vitest'
import { callErrorKinds, errorKinds, GatewayError } from './gateway-error.ts'

it('keeps an error that has a code on the wire', () => {
  const error = new GatewayError('notFound', 'no such file')
  expect(GatewayError.from(error)).toBe(error)
  expect(error.code).toBe(-32004)
})

it.each([new Error('secret'), 'secret', new GatewayError('disconnected', 'another gateway is gone')])(
  'tells a peer nothing about %s',
  thrown => {
    expect(GatewayError.from(thrown)).toMatchObject({ kind: 'internal', message: 'internal error', cause: thrown })
  },
)

it('has no kind twice', () => {
  expect(Object.keys(callErrorKinds).filter(kind => kind in errorKinds)).toEqual([])
})

it('names only limits that there are', () => {
  // @ts-expect-error -- it is called maxProcesses
  const misspelt = new GatewayError('limitReached', 'too many', { data: { limit: { name: 'maxProcess', value: 1 } } })
  expect(misspelt.data?.limit?.value).toBe(1)
})
