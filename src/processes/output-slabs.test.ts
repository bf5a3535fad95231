import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkMemory } from './chunk-memory.ts'
import { bytesIn, OutputSlabs, type Room } from './output-slabs.ts'

/** Memory that tells what is taken from it and has not come back. */
function counted() {
  const memory = new ChunkMemory()
  const lent = new Map<ArrayBufferLike, number>()
  const [take, giveBack] = [memory.take.bind(memory), memory.giveBack.bind(memory)]
  memory.take = length => {
    const buffer = take(length)
    lent.set(buffer.buffer, length)
    return buffer
  }
  memory.giveBack = chunk => {
    expect(lent.delete(chunk.buffer)).toBe(true)
    giveBack(chunk)
  }
  return { memory, lentBytes: () => [...lent.values()].reduce((sum, bytes) => sum + bytes, 0) }
}

test('chunks keep what was put into them, whatever comes and goes', () => {
  const size = fc.oneof(fc.nat(300), fc.nat(49_152))
  fc.assert(
    fc.property(fc.array(fc.record({ length: size, givenBack: fc.nat(2) }), { maxLength: 60 }), steps => {
      const { memory, lentBytes } = counted()
      const slabs = new OutputSlabs(memory)
      const held: { readonly room: Room; readonly mark: number }[] = []
      for (const [index, { length, givenBack }] of steps.entries()) {
        const room = slabs.take(length)
        bytesIn(room).fill(index)
        held.push({ room, mark: index })
        for (const { room: old } of held.splice(0, givenBack)) slabs.giveBack(old)
        for (const each of held) {
          expect(bytesIn(each.room).equals(Buffer.alloc(each.room.length, each.mark))).toBe(true)
        }
      }
      for (const { room } of held) slabs.giveBack(room)
      // The slab that is being filled stays.
      expect(lentBytes()).toBeLessThanOrEqual(48 * 1024)
    }),
    { numRuns: 50 },
  )
})

test('a process that says little takes little, and one that says much little more than that', () => {
  for (const [count, length, atMost] of [
    [1, 5, 256],
    [10_000, 1, 40_000],
    [1000, 100, 150_000],
    [1000, 5000, 5_600_000],
    [100, 20_000, 2_000_000],
  ] as const) {
    const { memory, lentBytes } = counted()
    const slabs = new OutputSlabs(memory)
    for (let taken = 0; taken < count; taken += 1) slabs.take(length)
    expect(lentBytes()).toBeLessThanOrEqual(atMost)
  }
})

test('what is dropped as fast as it comes takes one slab', () => {
  const { memory, lentBytes } = counted()
  const slabs = new OutputSlabs(memory)
  for (let taken = 0; taken < 10_000; taken += 1) slabs.giveBack(slabs.take(100))
  expect(lentBytes()).toBe(256)
})
