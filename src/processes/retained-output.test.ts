import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OutputChunk, OutputStream } from '../protocol/process-schemas.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { bytesIn } from './output-slabs.ts'
import { type RetainedChunk, RetainedOutput } from './retained-output.ts'

/** Appends a chunk with that text. */
function append(window: RetainedOutput, seq: number, text: string, stream: OutputStream = 'stdout'): RetainedChunk {
  const room = window.take(text.length)
  bytesIn(room).write(text, 'latin1')
  const chunk = { seq, stream, room, mark: 0 }
  window.append(chunk)
  return chunk
}

function windowOf(...texts: string[]): RetainedOutput {
  const window = new RetainedOutput(new ChunkMemory())
  for (const [index, text] of texts.entries()) append(window, index + 1, text)
  return window
}

const seqsOf = (page: readonly OutputChunk[]) => page.map(({ seq }) => seq)

test('a page holds what follows the cursor, as base64', () => {
  const window = windowOf('abc', 'def', 'ghi')
  expect(window.page(1, undefined)).toEqual([
    { seq: 2, stream: 'stdout', chunk: 'ZGVm' },
    { seq: 3, stream: 'stdout', chunk: 'Z2hp' },
  ])
  expect(window.page(3, undefined)).toEqual([])
  expect(window.page(2 ** 60, undefined)).toEqual([])
})

describe('a budget', () => {
  const window = windowOf('abc', 'def', 'ghi')

  test.each([
    [0, [1]],
    [1, [1]],
    [5, [1]],
    [6, [1, 2]],
    [8, [1, 2]],
    [9, [1, 2, 3]],
  ])('of %i bytes never splits a chunk and always fits the first', (maxBytes, seqs) => {
    expect(seqsOf(window.page(0, maxBytes))).toEqual(seqs)
  })
})

test('evicts the oldest, and evicting from an empty window does nothing', () => {
  const window = windowOf('a', 'bc')
  window.evictOldest()
  expect(window.oldest?.seq).toBe(2)
  expect(window.bytes).toBe(2)
  window.evictOldest()
  window.evictOldest()
  expect(window.oldest).toBeUndefined()
  expect(window.count).toBe(0)
  expect(window.bytes).toBe(0)
  expect(window.hasAfter(0)).toBe(false)
})

test('holds the youngest chunks after many evictions', () => {
  const window = new RetainedOutput(new ChunkMemory())
  for (let seq = 1; seq <= 10_000; seq++) {
    append(window, seq, 'x')
    if (window.count > 100) window.evictOldest()
  }
  expect(seqsOf(window.page(0, undefined))).toEqual(Array.from({ length: 100 }, (_, index) => 9901 + index))
})

interface Step {
  /** Appends so many chunks, whose numbers skip some: the ends of a process take numbers too. */
  readonly appends: readonly { readonly bytes: number; readonly skips: number }[]
  readonly evictions: number
  readonly afterSeq: number
  readonly maxBytes: number | undefined
  readonly clears: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  appends: fc.array(fc.record({ bytes: fc.nat(9), skips: fc.nat(2) }), { maxLength: 80 }),
  evictions: fc.nat(90),
  afterSeq: fc.nat(1500),
  maxBytes: fc.option(fc.nat(200), { nil: undefined }),
  clears: fc.nat(9).map(chance => chance === 0),
})

/** The window as a plain list that is copied and searched from its start. */
function naivePage(chunks: readonly RetainedChunk[], afterSeq: number, maxBytes: number | undefined): number[] {
  const seqs: number[] = []
  let bytes = 0
  for (const chunk of chunks.filter(({ seq }) => seq > afterSeq)) {
    if (maxBytes !== undefined && seqs.length > 0 && (bytes >= maxBytes || bytes + chunk.room.length > maxBytes)) break
    seqs.push(chunk.seq)
    bytes += chunk.room.length
  }
  return seqs
}

test('whatever is appended, evicted and read, it behaves like a plain list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const window = new RetainedOutput(new ChunkMemory())
      let model: RetainedChunk[] = []
      let lastSeq = 0
      for (const { appends, evictions, afterSeq, maxBytes, clears } of steps) {
        for (const { bytes, skips } of appends) {
          lastSeq += 1 + skips
          model.push(append(window, lastSeq, 'x'.repeat(bytes)))
        }
        for (let count = 0; count < evictions; count++) window.evictOldest()
        model = model.slice(evictions)
        if (clears) {
          window.clear()
          model = []
        }
        expect(window.count).toBe(model.length)
        expect(window.bytes).toBe(model.reduce((sum, { room }) => sum + room.length, 0))
        expect(window.oldest).toBe(model[0])
        expect(window.hasAfter(afterSeq)).toBe(model.some(({ seq }) => seq > afterSeq))
        expect(seqsOf(window.page(afterSeq, maxBytes))).toEqual(naivePage(model, afterSeq, maxBytes))
        expect(seqsOf(window.page(0, undefined))).toEqual(model.map(({ seq }) => seq))
      }
    }),
  )
})

test('a reply with everything never takes more than it says', () => {
  const chunk = fc.record({
    seq: fc.maxSafeNat(),
    stream: fc.constantFrom('stdout', 'stderr', 'pty'),
    text: fc.string({ maxLength: 50 }),
  })
  fc.assert(
    fc.property(fc.array(chunk), chunks => {
      const window = new RetainedOutput(new ChunkMemory())
      for (const { seq, text, stream } of chunks.toSorted((a, b) => a.seq - b.seq)) append(window, seq, text, stream)
      const brackets = 2
      expect(JSON.stringify(window.page(-1, undefined)).length - brackets).toBeLessThanOrEqual(window.replyBytes)
    }),
  )
})
