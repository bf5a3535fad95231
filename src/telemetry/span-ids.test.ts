import { describe, expect, it } from 'vitest'
import { SpanIds } from './span-ids.ts'

describe('ids of spans', () => {
  it('are as long as the standard wants, and never twice the same', () => {
    const ids = new SpanIds()
    const traces = Array.from({ length: 2000 }, () => ids.generateTraceId())
    const spans = Array.from({ length: 2000 }, () => ids.generateSpanId())
    expect(traces.every(id => /^[0-9a-f]{32}$/.test(id))).toBe(true)
    expect(spans.every(id => /^[0-9a-f]{16}$/.test(id))).toBe(true)
    expect(new Set([...traces, ...spans]).size).toBe(4000)
    // Neighbours share no bytes of the pool.
    expect(new Set(traces.flatMap(id => [id.slice(0, 16), id.slice(16)])).size).toBe(4000)
  })

  it('are those that were promised, for one span', () => {
    const ids = new SpanIds()
    const promised = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
    expect(ids.keeping(promised, () => [ids.generateTraceId(), ids.generateSpanId()])).toEqual([
      promised.traceId,
      promised.spanId,
    ])
    const failing = () =>
      ids.keeping(promised, () => {
        throw new Error('no span')
      })
    expect(failing).toThrow('no span')
    expect(ids.generateTraceId()).not.toBe(promised.traceId)
    expect(ids.generateSpanId()).not.toBe(promised.spanId)
  })
})
