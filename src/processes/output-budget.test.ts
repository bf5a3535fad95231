import { beforeEach, describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { type FakeLog, fakeLog } from '../../test/support/fake-log.ts'
import type { Waiter } from './delivery.ts'
import { OutputBudget, type SessionOutput } from './output-budget.ts'
import { chunkRecordBytes } from './retained-output.ts'

/** A process that notes what it is told. */
function keeperOf(session: SessionOutput) {
  const told: string[] = []
  const owner: Waiter = { roomMade: () => told.push('room'), acknowledged: () => told.push('evict') }
  return { told, owner, kept: session.process(owner) }
}

/** Whoever may go on is told in a turn of its own. */
const nextTurn = () => new Promise(resolve => setImmediate(resolve))

describe('the budget of all output', () => {
  it('lets one session keep as much as it leaves for the others', () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 100 })
    const { kept } = keeperOf(budget.session())
    kept.added(200)
    expect(kept.isOverShare).toBe(false)
    kept.added(1)
    expect(kept.isOverShare).toBe(true)
  })

  it('has something left for a session that comes late, whatever the others keep', () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 4 })
    for (let greedy = 0; greedy < 3; greedy++) {
      const { kept } = keeperOf(budget.session())
      while (!kept.isOverShare) kept.added(1)
    }
    const { kept } = keeperOf(budget.session())
    kept.added(100)
    expect(kept.isOverShare).toBe(false)
    expect(budget.keptBytes).toBeLessThanOrEqual(800)
  })

  it('tells whoever was held back, in the order they came, once others keep less', async () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 100 })
    const session = budget.session()
    const [first, second] = [keeperOf(session), keeperOf(session)]
    first.kept.added(200)
    second.kept.added(1)
    first.kept.awaitRoom()
    second.kept.awaitRoom()
    await nextTurn()
    expect([first.told, second.told]).toEqual([[], []])
    first.kept.removed(2)
    await nextTurn()
    expect([first.told, second.told]).toEqual([['room'], ['room']])
  })

  it('does not tell a session that still keeps too much', async () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 100 })
    const [greedy, other] = [keeperOf(budget.session()), keeperOf(budget.session())]
    other.kept.added(100)
    greedy.kept.added(200)
    greedy.kept.awaitRoom()
    other.kept.removed(50)
    await nextTurn()
    expect(greedy.told).toEqual([])
    other.kept.removed(50)
    await nextTurn()
    expect(greedy.told).toEqual(['room'])
  })

  it('counts no more what is gone, and tells nobody who is', async () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 100 })
    const { told, kept } = keeperOf(budget.session())
    kept.added(300)
    kept.awaitRoom()
    kept[Symbol.dispose]()
    kept.removed(300)
    kept.added(300)
    await nextTurn()
    expect(budget.keptBytes).toBe(0)
    expect(kept.isOverShare).toBe(false)
    expect(told).toEqual([])
  })

  it('has everything of a session that was confirmed evicted, until that is enough', async () => {
    const budget = new OutputBudget({ retainedOutputBytes: 800, maxSessions: 100 })
    const session = budget.session()
    const [first, second, empty] = [keeperOf(session), keeperOf(session), keeperOf(session)]
    first.kept.added(150)
    second.kept.added(100)
    second.kept.relieve()
    await nextTurn()
    expect([first.told, second.told, empty.told]).toEqual([['evict'], ['evict'], []])
    first.kept.removed(100)
    second.kept.relieve()
    await nextTurn()
    expect([first.told, second.told]).toEqual([['evict'], ['evict']])
  })

  it('is never exceeded, whoever keeps how much, when each stops at its share', () => {
    const step = fc.record({ session: fc.nat(4), bytes: fc.integer({ min: -50, max: 50 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const budget = new OutputBudget({ retainedOutputBytes: 1000, maxSessions: 5 })
        const sessions = Array.from({ length: 5 }, () => ({ bytes: 0, kept: keeperOf(budget.session()).kept }))
        for (const { session, bytes } of steps) {
          const keeper = sessions[session]
          if (keeper === undefined) continue
          if (bytes < 0) {
            const removed = Math.min(-bytes, keeper.bytes)
            keeper.kept.removed(removed)
            keeper.bytes -= removed
          } else {
            // The last one comes on top, as a read that was under way.
            for (let byte = 0; byte < bytes && !keeper.kept.isOverShare; byte++) {
              keeper.kept.added(1)
              keeper.bytes += 1
            }
          }
          expect(budget.keptBytes).toBe(sessions.reduce((sum, { bytes: one }) => sum + one, 0))
          expect(budget.keptBytes).toBeLessThanOrEqual(1000 + sessions.length)
        }
      }),
    )
  })
})

describe('a log whose session keeps too much', () => {
  /** Counts as a thousand bytes. */
  const chunk = Buffer.alloc(1000 - chunkRecordBytes, 'x')
  let made: FakeLog
  let others: ReturnType<typeof keeperOf>

  const say = (text = chunk) => {
    made.log.append('stdout', text)
    made.log.seal()
  }

  beforeEach(() => {
    const session = new OutputBudget({ retainedOutputBytes: 40_000, maxSessions: 100 }).session()
    others = keeperOf(session)
    made = fakeLog({ session })
  })

  it('evicts what its client has confirmed, and goes on', () => {
    made.delivery.acknowledgedMark = Infinity
    for (let count = 0; count < 20; count++) say()
    expect(made.log.isFull).toBe(false)
    expect(made.log.keptBytes).toBe(10_000)
    expect(made.losses.evictedBytes).toBe(10 * chunk.length)
  })

  it('is full of what was not confirmed, until it is', () => {
    while (!made.log.isFull) say()
    expect(made.log.keptBytes).toBe(11_000)
    expect(made.losses.evictedBytes).toBe(0)
    made.delivery.acknowledge()
    expect(made.log.isFull).toBe(false)
  })

  it('is full while nobody is attached, and loses nothing', () => {
    made.log.detach()
    while (!made.log.isFull) say()
    made.log.evict()
    expect(made.log.keptBytes).toBe(11_000)
    expect(made.losses.evictedBytes).toBe(0)
    expect(made.log.page(0, undefined).chunks).toHaveLength(11)
  })

  it('loses the oldest for a peer that confirms nothing', () => {
    made.delivery.isConfirming = false
    for (let count = 0; count < 20; count++) say()
    expect(made.log.isFull).toBe(false)
    expect(made.log.keptBytes).toBe(10_000)
  })

  it('is not full of what others of its session keep, as long as it keeps nothing itself', () => {
    others.kept.added(15_000)
    expect(made.log.isFull).toBe(false)
    say()
    expect(made.log.isFull).toBe(true)
    made.delivery.acknowledge()
    expect(made.log.isFull).toBe(false)
  })

  it('asks for the owner to be called when there is room in the session', async () => {
    made.log.detach()
    const roomMade = vi.spyOn(made.owner, 'roomMade')
    others.kept.added(15_000)
    made.log.awaitRoom()
    others.kept.removed(10_000)
    await nextTurn()
    expect(roomMade).toHaveBeenCalledOnce()
  })

  it('counts no more once it is closed', () => {
    say()
    made.log.recordClosed()
    others.kept.added(10_000)
    expect(others.kept.isOverShare).toBe(false)
    expect(made.log.keptBytes).toBe(1000)
  })
})
