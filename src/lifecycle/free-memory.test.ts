import { expect, it } from 'vitest'
import { freeMemory, freeMemoryAround } from './free-memory.ts'

it('empties bytes that are alone in their memory, once', () => {
  const bytes = Buffer.alloc(100_000, 'x')
  freeMemory(bytes)
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0])
  freeMemory(bytes)
})

it.each([
  ['that begin later', (whole: Buffer) => whole.subarray(1)],
  ['that end earlier', (whole: Buffer) => whole.subarray(0, -1)],
])('leaves bytes %s than their memory', (_which, part) => {
  const whole = Buffer.alloc(100_000, 'x')
  freeMemory(part(whole))
  expect(whole).toEqual(Buffer.alloc(100_000, 'x'))
})

it('leaves small ones, which share their memory', () => {
  const [bytes, neighbour] = [Buffer.from('bytes'), Buffer.from('neighbour')]
  freeMemory(bytes)
  expect([bytes.toString(), neighbour.toString()]).toEqual(['bytes', 'neighbour'])
})

it('leaves memory that threads share', () => {
  const bytes = Buffer.from(new SharedArrayBuffer(100_000)).fill('x')
  freeMemory(bytes)
  freeMemoryAround(bytes)
  expect(bytes).toEqual(Buffer.alloc(100_000, 'x'))
})

it('frees the whole memory that bytes were cut from, on demand', () => {
  const whole = Buffer.alloc(100_000, 'x')
  freeMemoryAround(whole.subarray(1, 10))
  expect(whole).toHaveLength(0)
})

it('never frees the memory that small buffers share', () => {
  const [bytes, neighbour] = [Buffer.from('bytes'), Buffer.from('neighbour')]
  freeMemoryAround(bytes)
  expect([bytes.toString(), neighbour.toString()]).toEqual(['bytes', 'neighbour'])
})
