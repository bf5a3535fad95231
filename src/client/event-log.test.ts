import { expect, it } from 'vitest'
import { EventLog, type EventSubscription } from './event-log.ts'
import type { LoggedEvent } from './process-event.ts'

const output = (seq: number, bytes = 1): LoggedEvent => ({
  type: 'output',
  seq,
  stream: 'stdout',
  bytes: Buffer.alloc(bytes),
})
const closed = (seq: number): LoggedEvent => ({ type: 'closed', seq })

/** What a subscription tells until nothing more is there or follows. */
async function told(subscription: EventSubscription, count: number): Promise<unknown[]> {
  const events: unknown[] = []
  for (let index = 0; index < count; index++) {
    const event = await subscription.next()
    events.push(event !== undefined && 'seq' in event ? event.seq : event?.type)
  }
  return events
}

it('replays what was published and goes on with what follows', async () => {
  const log = new EventLog()
  log.publish(output(1))
  using subscription = log.subscribe()
  log.publish(output(2))
  log.publish(closed(3))
  expect(await told(subscription, 4)).toEqual([1, 2, 3, undefined])
})

it('tells a subscriber that waits', async () => {
  const log = new EventLog()
  using subscription = log.subscribe()
  const next = told(subscription, 1)
  log.publish(output(1))
  expect(await next).toEqual([1])
})

it('replays everything also after the end', async () => {
  const log = new EventLog()
  for (const event of [output(1), closed(2), output(3)]) log.publish(event)
  using subscription = log.subscribe()
  expect(await told(subscription, 3)).toEqual([1, 2, undefined])
})

it('replays the last 256 events', async () => {
  const log = new EventLog()
  for (let seq = 1; seq <= 300; seq++) log.publish(output(seq))
  using subscription = log.subscribe()
  expect((await told(subscription, 256)).at(0)).toBe(45)
})

it('replays no more than 1 MiB, and not an event that is larger by itself', async () => {
  const log = new EventLog()
  log.publish(output(1, 1_048_577))
  log.publish(output(2, 600_000))
  log.publish(output(3, 600_000))
  log.publish(closed(4))
  using subscription = log.subscribe()
  expect(await told(subscription, 3)).toEqual([3, 4, undefined])
})

it('tells a subscriber once that it has fallen behind, and goes on with the oldest there is', async () => {
  const log = new EventLog()
  using subscription = log.subscribe()
  for (let seq = 1; seq <= 600; seq++) log.publish(output(seq))
  expect(await told(subscription, 3)).toEqual(['lagged', 345, 346])
})

it('bounds what a subscriber may fall behind by bytes, too', async () => {
  const log = new EventLog()
  using subscription = log.subscribe({ maxEvents: Infinity, maxBytes: 10 })
  for (let seq = 1; seq <= 300; seq++) log.publish(output(seq, 4))
  expect(await told(subscription, 3)).toEqual(['lagged', 299, 300])
})

it('lets a subscriber give up waiting', async () => {
  const log = new EventLog()
  using subscription = log.subscribe()
  const abort = new AbortController()
  const next = subscription.next(abort.signal)
  abort.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  log.publish(output(1))
  expect(await told(subscription, 1)).toEqual([1])
})

it('tells a subscription that was let go of nothing more', async () => {
  const log = new EventLog()
  const subscription = log.subscribe()
  const next = subscription.next()
  subscription[Symbol.dispose]()
  log.publish(output(1))
  expect(await next).toBeUndefined()
})
