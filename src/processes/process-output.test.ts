import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { LossCounter } from '../../test/support/fake-log.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { OutputBudget, type SessionOutput } from './output-budget.ts'
import { ProcessMetrics } from './process-metrics.ts'
import { ProcessOutput } from './process-output.ts'
import { chunkRecordBytes } from './retained-output.ts'

describe('a process that waits for its session', () => {
  let session: SessionOutput
  let delivery: FakeDelivery
  let wentOn: string[]

  const start = (processId: string) => {
    const ledger = new Ledger()
    return new ProcessOutput({
      processId,
      ledger,
      timers: new Timers(ledger),
      metrics: new ProcessMetrics(),
      detachedOutputBytes: 10_000,
      kept: session,
      memory: new ChunkMemory(),
      observer: new LossCounter(),
      delivery,
      source: { pauseOutput: () => {}, resumeOutput: () => wentOn.push(processId) },
    })
  }
  /** Says what counts as so much once it is a chunk. */
  const say = (process: ProcessOutput, bytes: number) => process.take('stdout', Buffer.alloc(bytes - chunkRecordBytes))
  const gone = () => new Error('gone')

  beforeEach(() => {
    // One session alone may keep 1000 of it.
    session = new OutputBudget({ retainedOutputBytes: 4000, maxSessions: 100 }).session()
    delivery = new FakeDelivery()
    wentOn = []
  })

  it('sends nothing when there is room in its session and none at its connection', async () => {
    const [greedy, waiting] = [start('greedy'), start('waiting')]
    say(greedy, 900)
    say(waiting, 150)
    await turnOfTheLoop()
    say(waiting, 150)
    expect(waiting.isHeldBack).toBe(true)
    const sent = delivery.summary.length
    delivery.hasRoom = false
    greedy.forget(gone)
    await turnOfTheLoop()
    expect(delivery.summary).toHaveLength(sent)
    expect([wentOn, delivery.inLine.has(waiting)]).toEqual([[], true])
    delivery.makeRoom()
    expect(wentOn).toEqual(['waiting'])
    expect(delivery.summary).toHaveLength(sent + 1)
  })

  it('comes last in line when it has gone on meanwhile', async () => {
    const [greedy, other, again, patient] = [start('greedy'), start('other'), start('again'), start('patient')]
    say(greedy, 600)
    say(other, 400)
    for (const process of [again, patient]) say(process, 150)
    await turnOfTheLoop()
    for (const process of [again, patient]) say(process, 150)
    expect([again.isHeldBack, patient.isHeldBack]).toEqual([true, true])
    greedy.forget(gone)
    again.acknowledged()
    expect(wentOn).toEqual(['again'])
    say(again, 500)
    expect(again.isHeldBack).toBe(true)
    other.forget(gone)
    await turnOfTheLoop()
    expect(wentOn).toEqual(['again', 'patient', 'again'])
  })
})
