import { describe, expect, test, vi } from 'vitest'
import { rememberedWriteIds } from '../protocol/limits.ts'
import { WrittenInputs } from './written-inputs.ts'

type Status = 'accepted' | 'closed'

const accept = () => 'accepted' as const
const never = () => {
  throw new Error('written again')
}

test('applies a write and answers its repetition without applying it again', () => {
  const inputs = new WrittenInputs()
  const write = vi.fn(accept)
  expect(inputs.once('1', write)).toBe('accepted')
  expect(inputs.once('1', never)).toBe('accepted')
  expect(write).toHaveBeenCalledOnce()
})

test('does not remember a write that found its input closed', () => {
  const inputs = new WrittenInputs()
  expect(inputs.once('1', () => 'closed')).toBe('closed')
  expect(inputs.once('1', accept)).toBe('accepted')
})

test('remembers 4096 writes and forgets the oldest first', () => {
  const inputs = new WrittenInputs()
  for (let id = 0; id < rememberedWriteIds; id++) inputs.once(String(id), accept)
  expect(inputs.once('0', never)).toBe('accepted')
  inputs.once('one more', accept)
  expect(inputs.once('1', never)).toBe('accepted')
  expect(() => inputs.once('0', never)).toThrow('written again')
})

test('repeating a write does not make it younger', () => {
  const inputs = new WrittenInputs()
  for (let id = 0; id < rememberedWriteIds; id++) inputs.once(String(id), accept)
  inputs.once('0', never)
  inputs.once('one more', accept)
  expect(() => inputs.once('0', never)).toThrow('written again')
})

describe('a write that waits for room', () => {
  function waiting() {
    const inputs = new WrittenInputs()
    const { promise, resolve, reject } = Promise.withResolvers<Status>()
    return { inputs, first: inputs.once('1', () => promise), resolve, reject }
  }

  test('is joined by its repetition', async () => {
    const { inputs, first, resolve } = waiting()
    const repeated = inputs.once('1', never)
    resolve('accepted')
    expect(await Promise.all([first, repeated])).toEqual(['accepted', 'accepted'])
    expect(inputs.once('1', never)).toBe('accepted')
  })

  test('does not hold up another', async () => {
    const { inputs, first, resolve } = waiting()
    expect(inputs.once('2', accept)).toBe('accepted')
    resolve('accepted')
    await first
  })

  test('is remembered from when it was accepted', async () => {
    const { inputs, first, resolve } = waiting()
    for (let id = 2; id <= rememberedWriteIds; id++) inputs.once(String(id), accept)
    resolve('accepted')
    await first
    inputs.once('one more', accept)
    expect(inputs.once('1', never)).toBe('accepted')
    expect(() => inputs.once('2', never)).toThrow('written again')
  })

  test('is tried again after it was aborted', async () => {
    const { inputs, first, reject } = waiting()
    reject(new Error('the connection has ended'))
    await expect(first).rejects.toThrow('the connection has ended')
    expect(inputs.once('1', accept)).toBe('accepted')
  })

  test('is tried again after it found its input closed', async () => {
    const { inputs, first, resolve } = waiting()
    resolve('closed')
    expect(await first).toBe('closed')
    expect(inputs.once('1', accept)).toBe('accepted')
  })
})
