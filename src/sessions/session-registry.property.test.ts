import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fakeHost } from '../../test/support/fake-host.ts'
import { ModelledSessions } from '../../test/support/modelled-sessions.ts'

type Act = (sessions: ModelledSessions, which: number, bytes: number | undefined) => void | Promise<void>

/** What can happen, in any order: `which` chooses whom it happens to, `bytes` is the size of a page or of output. */
const acts: Readonly<Record<string, Act>> = {
  opens: sessions => sessions.opens(),
  starts: (sessions, which) => sessions.starts(which),
  'starts slowly': (sessions, which) => sessions.startsSlowly(which),
  'is prepared': (sessions, which) => sessions.isPrepared(which),
  breaks: (sessions, which) => sessions.breaks(which),
  'leaves late': (sessions, which) => sessions.leavesLate(which),
  resumes: (sessions, which, bytes) => sessions.resumes(which, bytes),
  hears: (sessions, which) => sessions.hears(which),
  confirms: (sessions, which) => sessions.confirms(which),
  'has no room': (sessions, which) => sessions.hasNoRoom(which),
  'has room': (sessions, which) => sessions.hasRoom(which),
  reads: (sessions, which, bytes) => sessions.reads(which, bytes),
  signals: (sessions, which) => sessions.signals(which),
  writes: (sessions, which) => sessions.writes(which),
  terminates: (sessions, which) => sessions.terminates(which),
  says: (sessions, which, bytes) => sessions.says(which, bytes ?? 600_000),
  exits: (sessions, which) => sessions.exits(which),
  finishes: (sessions, which) => sessions.finishes(which),
  'ends stream': (sessions, which) => sessions.endsStream(which),
  'time passes': (sessions, which) => sessions.timePasses((which + 1) * 60),
  'turn ends': () => turnOfTheLoop(),
}

const often = ['says', 'says', 'says', 'resumes', 'starts', 'time passes']
const happening = fc.record({
  what: fc.constantFrom(...Object.keys(acts), ...often),
  which: fc.nat(5),
  bytes: fc.option(fc.oneof(fc.nat(10), fc.nat(200_000)), { nil: undefined, freq: 2 }),
})
/** `EXECGATE_STORIES` tells more; fast-check prints the seed of a failure. */
const numRuns = Number(process.env['EXECGATE_STORIES'] ?? 100)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it(
  'keeps sessions, processes and every byte in order, whatever happens',
  { timeout: 60_000 + numRuns * 200 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 100, size: 'max' }), fc.boolean(), async (story, isMortal) => {
        const host = fakeHost({ detachedOutputBytes: 1_200_000 })
        host.engine.mortality = isMortal ? ['SIGTERM', 'SIGKILL'] : ['SIGKILL']
        const sessions = new ModelledSessions(host)
        sessions.opens()
        sessions.starts(0)
        for (const { what, which, bytes } of story) {
          await acts[what]?.(sessions, which, bytes)
          sessions.expectAgreement()
        }
        sessions.expectNothingLost([1, 60_000, 0, 5_000])
        await sessions.end()
        sessions.expectOneCompletionEach()
        expect(host.metrics.active).toBe(0)
        expect(host.output.keptBytes).toBe(0)
        expect(host.closed.bytes).toBe(0)
        expect(host.ledger.outstanding()).toEqual({})
        expect(host.engine.children.every(({ isDisposed }) => isDisposed)).toBe(true)
        expect(vi.getTimerCount()).toBe(0)
      }),
      { numRuns, endOnFailure: true },
    )
  },
)
