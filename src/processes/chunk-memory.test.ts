import { expect, test } from 'vitest'
import { fakeLog } from '../../test/support/fake-log.ts'
import { outputChunkBytes, retainedOutputBytes } from '../protocol/limits.ts'
import { ChunkMemory } from './chunk-memory.ts'

test('a chunk has its memory to itself, however small it is', () => {
  const memory = new ChunkMemory()
  for (const length of [1, 100, outputChunkBytes - 1, outputChunkBytes]) {
    expect(memory.take(length).buffer.byteLength).toBe(length)
  }
})

test('a full chunk that is given back is the next one', () => {
  const memory = new ChunkMemory()
  const { buffer } = memory.take(outputChunkBytes)
  memory.giveBack(Buffer.from(buffer))
  expect(memory.take(outputChunkBytes).buffer).toBe(buffer)
  expect(memory.take(outputChunkBytes).buffer).not.toBe(buffer)
})

test('the memory of any other chunk is free once it is given back', () => {
  const memory = new ChunkMemory()
  const chunk = memory.take(100)
  memory.giveBack(chunk)
  expect(chunk.buffer.byteLength).toBe(0)
})

test('a log that evicts as it goes takes no new memory for its chunks', () => {
  const memory = new ChunkMemory()
  const lent = new Set<ArrayBufferLike>()
  const take = memory.take.bind(memory)
  memory.take = length => {
    const chunk = take(length)
    lent.add(chunk.buffer)
    return chunk
  }
  const { log, delivery, losses } = fakeLog({ memory })
  delivery.acknowledgedMark = Infinity
  const bytes = Buffer.alloc(outputChunkBytes, 'x')
  for (let count = 0; count < 500; count += 1) {
    log.append('stdout', bytes.subarray(0, 30_000))
    log.append('stdout', bytes)
  }
  expect(losses.evictedBytes).toBeGreaterThan(20 * retainedOutputBytes)
  // As many as the window holds, and the one that comes before another one goes.
  expect(lent.size).toBeLessThanOrEqual(Math.ceil(retainedOutputBytes / outputChunkBytes) + 1)
})

test('what is kept of a process is given back when it is forgotten', () => {
  const memory = new ChunkMemory()
  const { log } = fakeLog({ memory })
  log.append('stdout', Buffer.alloc(outputChunkBytes, 'x'))
  log.append('stdout', Buffer.from('x'))
  log.seal()
  log[Symbol.dispose]()
  const { buffer } = memory.take(outputChunkBytes)
  expect(Buffer.from(buffer).equals(Buffer.alloc(outputChunkBytes, 'x'))).toBe(true)
})
