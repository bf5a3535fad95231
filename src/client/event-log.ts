import { type LoggedEvent, sizeOf } from './process-event.ts'

/** What a late subscriber is replayed. */
const historyEvents = 256
const historyBytes = 1024 * 1024

/** How much a subscriber may fall behind. */
export interface SubscriptionLimits {
  /** Default 256. */
  readonly maxEvents?: number
  /** Output bytes; default: no bound beside the events. */
  readonly maxBytes?: number
  /** Instead of falling behind: with more than so many bytes waiting, whoever delivers is held back. */
  readonly hold?: { readonly aboveBytes: number; begin(): Disposable }
}

/** A subscriber has fallen behind: what follows does not connect to what it has. */
export const lagged = { type: 'lagged' } as const

/**
 * The events of one process for any number of followers, at any time, also after its end. Publishing never waits for a
 * follower: one that falls too far behind is told so once and goes on with the oldest event there is.
 */
export class EventLog {
  readonly #history = new BoundedEvents({ maxEvents: historyEvents, maxBytes: historyBytes })
  readonly #subscriptions = new Set<EventSubscription>()
  #isComplete = false

  publish(event: LoggedEvent): void {
    if (this.#isComplete) return
    this.#isComplete = event.type === 'closed' || event.type === 'failed'
    this.#history.push(event)
    for (const subscription of this.#subscriptions) subscription.published(event, this.#isComplete)
    if (this.#isComplete) this.#subscriptions.clear()
  }

  /** Replays the history and goes on with what is published from now on, without a gap or a repetition between them. */
  subscribe(limits: SubscriptionLimits = {}): EventSubscription {
    const subscription = new EventSubscription(this.#history.all, limits, this.#isComplete, () =>
      this.#subscriptions.delete(subscription),
    )
    if (!this.#isComplete) this.#subscriptions.add(subscription)
    return subscription
  }
}

/** One follower's place in a log. Disposing it lets go of what is buffered. */
export class EventSubscription implements Disposable {
  readonly #events: BoundedEvents
  readonly #unsubscribe: () => void
  readonly #holds: SubscriptionLimits['hold']
  #held: Disposable | undefined
  #hasLagged = false
  #isComplete: boolean
  #waiting: (() => void) | undefined

  constructor(
    replay: readonly LoggedEvent[],
    limits: SubscriptionLimits,
    isComplete: boolean,
    unsubscribe: () => void,
  ) {
    const { maxEvents = historyEvents, maxBytes = Infinity } = limits
    this.#holds = limits.hold
    this.#events = new BoundedEvents({ maxEvents: Math.max(maxEvents, replay.length), maxBytes })
    for (const event of replay) this.#events.push(event)
    this.#isComplete = isComplete
    this.#unsubscribe = unsubscribe
  }

  /** To be called by one reader at a time. Undefined when nothing will follow. */
  async next(signal?: AbortSignal): Promise<LoggedEvent | typeof lagged | undefined> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#hasLagged) {
        this.#hasLagged = false
        return lagged
      }
      const event = this.#events.shift()
      this.#letGo()
      if (event !== undefined || this.#isComplete) return event
      await this.#news(signal)
    }
  }

  /** From the log. */
  published(event: LoggedEvent, isLast: boolean): void {
    this.#isComplete = isLast
    if (this.#events.push(event) > 0) this.#hasLagged = true
    if (this.#holds !== undefined && this.#events.bytes > this.#holds.aboveBytes) this.#held ??= this.#holds.begin()
    this.#waiting?.()
  }

  [Symbol.dispose](): void {
    this.#isComplete = true
    this.#events.clear()
    this.#letGo()
    this.#unsubscribe()
    this.#waiting?.()
  }

  #letGo(): void {
    if (this.#held === undefined || this.#events.bytes > (this.#holds?.aboveBytes ?? 0) / 2) return
    this.#held[Symbol.dispose]()
    this.#held = undefined
  }

  async #news(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting = resolve
    signal?.addEventListener('abort', this.#aborted, { once: true })
    await promise
    this.#waiting = undefined
    signal?.removeEventListener('abort', this.#aborted)
  }

  readonly #aborted = (): void => this.#waiting?.()
}

/** The latest events within two bounds: the oldest make room. */
class BoundedEvents {
  readonly #limits: { readonly maxEvents: number; readonly maxBytes: number }
  #events: LoggedEvent[] = []
  #first = 0
  #bytes = 0

  constructor(limits: { readonly maxEvents: number; readonly maxBytes: number }) {
    this.#limits = limits
  }

  /** Output that waits. */
  get bytes(): number {
    return this.#bytes
  }

  get all(): readonly LoggedEvent[] {
    return this.#events.slice(this.#first)
  }

  /** @returns how many had to make room */
  push(event: LoggedEvent): number {
    this.#events.push(event)
    this.#bytes += sizeOf(event)
    let evicted = 0
    while (this.#events.length - this.#first > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes) {
      this.shift()
      evicted += 1
    }
    return evicted
  }

  shift(): LoggedEvent | undefined {
    const event = this.#events[this.#first]
    if (event === undefined) return undefined
    this.#first += 1
    this.#bytes -= sizeOf(event)
    // Moved seldom, so that taking one costs the same however many there are.
    if (this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
    return event
  }

  clear(): void {
    this.#events = []
    this.#first = 0
    this.#bytes = 0
  }
}
