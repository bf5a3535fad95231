import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { fakeHost, launchOf } from '../../test/support/fake-host.ts'
import { nobody } from '../../test/support/fake-start.ts'
import { SystemError } from '../libc/system-error.ts'
import { ProcessTable } from './process-table.ts'

const idle = new AbortController().signal

/** What can happen to the processes of a session, in any order. The numbers choose one of them. */
const happening = fc.oneof(
  fc
    .constantFrom('start', 'refused start', 'detach', 'attach', 'time passes', 'turn ends', 'room', 'no room')
    .map(what => ({ what, which: 0 })),
  fc.record({
    what: fc.constantFrom('says', 'ends stream', 'exits', 'finishes', 'terminate', 'read', 'write'),
    which: fc.nat(3),
  }),
)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('comes to one completion for each process, and to nothing left, whatever happens in whichever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), fc.boolean(), async (story, isMortal) => {
      const host = fakeHost({ detachedOutputBytes: 64, closedProcessMs: 1000 })
      host.engine.mortality = isMortal ? ['SIGTERM', 'SIGKILL'] : ['SIGKILL']
      const table = new ProcessTable(host)
      let delivery: FakeDelivery | undefined = new FakeDelivery()
      const deliveries = [delivery]
      table.attach(delivery)
      let startedCount = 0
      for (const { what, which } of story) {
        const child = host.engine.children[which]
        const id = `p${which}`
        switch (what) {
          case 'start':
            void table.start(`p${startedCount}`, launchOf('program'), nobody)
            startedCount += 1
            break
          case 'refused start':
            host.engine.refusal = new SystemError(13)
            expect(() => table.start('refused', launchOf('program'), nobody)).toThrow('Permission denied')
            host.engine.refusal = undefined
            break
          case 'detach':
            if (delivery !== undefined) table.detach()
            delivery = undefined
            break
          case 'attach':
            if (delivery !== undefined) break
            delivery = new FakeDelivery()
            deliveries.push(delivery)
            table.attach(delivery)
            break
          case 'time passes':
            await vi.advanceTimersByTimeAsync(300)
            break
          case 'turn ends':
            await turnOfTheLoop()
            break
          case 'room':
            delivery?.makeRoom()
            delivery?.acknowledge()
            break
          case 'no room':
            if (delivery !== undefined) delivery.hasRoom = false
            break
          case 'says':
            child?.says('0123456789')
            break
          case 'ends stream':
            child?.endsStream(which % 2 === 0 ? 'stdout' : 'stderr')
            break
          case 'exits':
            child?.exits(which)
            break
          case 'finishes':
            child?.finishes(which)
            break
          case 'terminate':
            table.terminate(id)
            break
          case 'read':
            // A forgotten process is no surprise here, nor is a poll that ends with its process.
            try {
              void Promise.resolve(table.read(id, { afterSeq: 0, maxBytes: 8, waitMs: 100 }, idle)).catch(() => {})
            } catch {}
            break
          case 'write':
            try {
              void Promise.resolve(table.write(id, { writeId: `${which}`, bytes: Buffer.from('x') }, idle)).catch(
                () => {},
              )
            } catch {}
            break
        }
      }
      const ended = table.end(100)
      await vi.advanceTimersByTimeAsync(100 + 2 * host.limits.graceMs)
      await ended
      const { success, error, terminated, unknown } = host.metrics.finished
      expect(success + error + terminated).toBe(startedCount)
      expect(unknown).toBe(0)
      expect(host.metrics.active).toBe(0)
      expect(host.output.keptBytes).toBe(0)
      expect(host.ledger.outstanding()).toEqual({})
      for (const { events } of deliveries) expectOrder(events)
    }),
    { numRuns: 300 },
  )
})

/** Within one connection the numbers of each process only grow, and nothing follows its close. */
function expectOrder(events: FakeDelivery['events']): void {
  const last = new Map<string, { seq: number; type: string }>()
  for (const { processId, seq, type } of events) {
    const before = last.get(processId)
    if (before !== undefined) {
      expect(seq).toBe(before.seq + 1)
      expect(before.type).not.toBe('closed')
    }
    last.set(processId, { seq, type })
  }
}
