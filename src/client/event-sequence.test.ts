import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutputPage } from '../protocol/process-schemas.ts'
import { EventSequence } from './event-sequence.ts'
import type { ProcessEvent } from './process-event.ts'

const output = (seq: number, bytes: Buffer | string = `${seq}`): ProcessEvent => ({
  type: 'output',
  seq,
  stream: 'stdout',
  bytes: Buffer.from(bytes),
})
const exited = (seq: number, exitCode = 0, sandboxDenied?: boolean): ProcessEvent => ({
  type: 'exited',
  seq,
  exitCode,
  sandboxDenied,
  receipt: undefined,
})
const closed = (seq: number): ProcessEvent => ({ type: 'closed', seq })

const page = (more: Partial<OutputPage>): OutputPage => ({
  chunks: [],
  nextSeq: 1,
  exited: false,
  exitCode: null,
  closed: false,
  failure: null,
  sandboxDenied: false,
  ...more,
})
const chunks = (...numbers: number[]) =>
  numbers.map(seq => ({ seq, stream: 'stdout' as const, chunk: Buffer.from(`${seq}`).toString('base64') }))

/** A sequence that has taken these events, and what it has published since it began. */
function sequenceOf(...events: ProcessEvent[]) {
  const published: ProcessEvent[] = []
  const sequence = new EventSequence(event => published.push(event))
  for (const event of events) sequence.take(event)
  return {
    sequence,
    published,
    get told() {
      return published.map(event => (event.type === 'output' ? event.seq : `${event.type} ${event.seq}`))
    },
  }
}

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('events as they are pushed', () => {
  it('are published in the order of their numbers', () => {
    expect(sequenceOf(output(3), closed(4), output(1), output(2)).told).toEqual([1, 2, 3, 'closed 4'])
  })

  it('are published once', () => {
    expect(sequenceOf(output(0), output(1), output(2), output(2), output(1), output(3)).told).toEqual([1, 2, 3])
  })

  it('keep the first of two that have the same number', () => {
    const { published } = sequenceOf(output(2, 'first'), output(2, 'second'), output(1))
    expect(published).toEqual([output(1), output(2, 'first')])
  })

  it('are over with the close', () => {
    const { told, sequence } = sequenceOf(closed(1), output(2))
    expect(told).toEqual(['closed 1'])
    expect(sequence.isClosed).toBe(true)
  })

  it('wait for a missing one until 256 wait, and the missing one is taken then', () => {
    const stage = sequenceOf(...numbers(2, 257).map(seq => output(seq)))
    stage.sequence.take(output(1))
    expect(stage.told).toEqual(numbers(1, 257))
  })

  it('cannot be followed when more than 256 wait', () => {
    const { sequence } = sequenceOf(...numbers(2, 257).map(seq => output(seq)))
    expect(() => sequence.take(output(258))).toThrow('process event reorder buffer exceeds 256 entries')
  })

  it('cannot be followed when more than 1 MiB waits', () => {
    const { sequence } = sequenceOf(output(2, Buffer.alloc(1_048_576)), exited(3))
    expect(() => sequence.take(output(4, 'x'))).toThrow('process event reorder buffer exceeds 1048576 bytes')
  })

  it('cannot be followed when one is larger than 1 MiB, in its turn or not', () => {
    for (const seq of [1, 2]) {
      expect(() => sequenceOf(output(seq, Buffer.alloc(1_048_577)))).toThrow('process event exceeds 1048576 bytes')
    }
  })

  it('may run further ahead until what was missed is recovered', () => {
    const stage = sequenceOf(output(1))
    stage.sequence.expectCatchUp()
    for (const seq of numbers(3, 303)) stage.sequence.take(output(seq))
    stage.sequence.recover(page({ chunks: chunks(2), nextSeq: 3 }))
    expect(stage.told).toEqual(numbers(1, 303))
    expect(() => {
      for (const seq of numbers(305, 600)) stage.sequence.take(output(seq))
    }).toThrow('process event reorder buffer exceeds 256 entries')
  })
})

describe('catching up', () => {
  it('infers the number of the exit from the hole it leaves', () => {
    const { sequence, published } = sequenceOf(output(1))
    sequence.recover(page({ chunks: chunks(2, 4), nextSeq: 6, exited: true, exitCode: 5, closed: true }))
    expect(published).toEqual([output(1), output(2), exited(3, 5, false), output(4), closed(5)])
  })

  it('infers an exit that comes last', () => {
    const { sequence, published } = sequenceOf()
    sequence.recover(page({ chunks: chunks(1), nextSeq: 3, exited: true, exitCode: 5, sandboxDenied: true }))
    expect(published).toEqual([output(1), exited(2, 5, true)])
  })

  it('goes on with newer events that waited', () => {
    const stage = sequenceOf(output(258))
    stage.sequence.recover(page({ chunks: chunks(...numbers(1, 257)), nextSeq: 258 }))
    expect(stage.told).toEqual(numbers(1, 258))
  })

  it('tells an exit that waited what only the read knows', () => {
    const { sequence, published } = sequenceOf(exited(2, 1))
    sequence.recover(page({ chunks: chunks(1), nextSeq: 3, exited: true, exitCode: 1, sandboxDenied: true }))
    expect(published).toEqual([output(1), exited(2, 1, true)])
  })

  it('has nothing to do with what is known already', () => {
    const stage = sequenceOf(output(1), exited(2), closed(3))
    stage.sequence.recover(page({ chunks: chunks(1), nextSeq: 4, exited: true, exitCode: 0, closed: true }))
    expect(stage.told).toEqual([1, 'exited 2', 'closed 3'])
  })

  it.each([
    [
      'chunks are gone',
      page({ nextSeq: 10 }),
      'process events are no longer retained while recovering through sequence 9',
    ],
    [
      'more than the exit is missing',
      page({ chunks: chunks(3), nextSeq: 4, exited: true, exitCode: 0 }),
      'process events are no longer retained while recovering through sequence 3',
    ],
    [
      'nothing is missing for the exit',
      page({ chunks: chunks(1, 2), nextSeq: 3, exited: true, exitCode: 0 }),
      'process events are no longer retained while recovering through sequence 2',
    ],
    [
      'output has the number of the close',
      page({ chunks: chunks(1), nextSeq: 2, closed: true, exited: true, exitCode: 0 }),
      'process close sequence 1 conflicts with recovered output',
    ],
    [
      'output is beyond its end',
      page({ chunks: chunks(5), nextSeq: 2 }),
      'recovered output 5 is beyond the end of its page, 1',
    ],
    [
      'the exit has no code',
      page({ chunks: chunks(1), nextSeq: 3, exited: true }),
      'recovering exited process did not include its exit code',
    ],
    ['the process has failed', page({ failure: 'gone' }), 'process failed while recovering: gone'],
    [
      'the end is beyond counting',
      page({ nextSeq: Number.MAX_SAFE_INTEGER }),
      `process events are no longer retained while recovering through sequence ${Number.MAX_SAFE_INTEGER - 1}`,
    ],
  ])('publishes nothing when %s', (_what, broken, message) => {
    const { sequence, published } = sequenceOf()
    expect(() => sequence.recover(broken)).toThrow(message)
    expect(published).toEqual([])
  })

  it('is not confused by an exit that was published before', () => {
    const stage = sequenceOf(output(1), exited(2))
    stage.sequence.recover(page({ chunks: chunks(3), nextSeq: 5, exited: true, exitCode: 0, closed: true }))
    expect(stage.told).toEqual([1, 'exited 2', 3, 'closed 4'])
  })
})

it('whatever arrives when and how often, everything is published once and in order', () => {
  const scenario = fc
    .record({ outputs: fc.nat(20), lateOutputs: fc.nat(5), isClosed: fc.boolean() })
    .chain(({ outputs, lateOutputs, isClosed }) => {
      const total = outputs + 1 + lateOutputs + (isClosed ? 1 : 0)
      const all = numbers(1, total).map(seq => {
        if (seq === outputs + 1) return exited(seq, 3, false)
        return isClosed && seq === total ? closed(seq) : output(seq)
      })
      const known = (count: number): OutputPage => {
        const events = all.slice(0, count)
        const hasExited = events.some(({ type }) => type === 'exited')
        return page({
          chunks: chunks(...events.filter(({ type }) => type === 'output').map(({ seq }) => seq)),
          nextSeq: count + 1,
          exited: hasExited,
          exitCode: hasExited ? 3 : null,
          closed: events.some(({ type }) => type === 'closed'),
        })
      }
      const step = fc.oneof(fc.constantFrom(...all), fc.nat(total).map(known))
      return fc.record({
        all: fc.constant(all),
        steps: fc.array(step, { maxLength: 40 }),
        last: fc.constant(known(total)),
      })
    })
  fc.assert(
    fc.property(scenario, ({ all, steps, last }) => {
      const { sequence, published } = sequenceOf()
      for (const step of steps) {
        if ('type' in step) sequence.take(step)
        else sequence.recover({ ...step, chunks: step.chunks.filter(({ seq }) => seq > sequence.lastSeq) })
      }
      sequence.recover(last)
      expect(published).toEqual(all)
    }),
  )
})
