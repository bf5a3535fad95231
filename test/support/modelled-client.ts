import { expect } from 'vitest'
import type { OutputPage } from '../../src/protocol/process-schemas.ts'
import { FakeDelivery } from './fake-delivery.ts'

/** One event of a process as a client keeps it. */
type Heard = { readonly stream: string; readonly bytes: Buffer } | 'exited' | 'closed'

function isSame(one: Heard, other: Heard): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.stream === other.stream && one.bytes.equals(other.bytes)
}

/** What a client that keeps everything it hears knows of one process. */
export class HeardProcess {
  readonly events = new Map<number, Heard>()

  /** Everything up to here has been heard. */
  get lastSeq(): number {
    let seq = 0
    while (this.events.has(seq + 1)) seq += 1
    return seq
  }

  get isClosed(): boolean {
    return [...this.events.values()].includes('closed')
  }

  /** The same number is always the same event, however it came. */
  hear(seq: number, event: Heard): void {
    const before = this.events.get(seq)
    if (before !== undefined && !isSame(before, event)) throw new Error(`event ${seq} was another one before`)
    this.events.set(seq, event)
  }

  output(stream: string): Buffer {
    const inOrder = [...this.events].toSorted(([one], [other]) => one - other).map(([, event]) => event)
    return Buffer.concat(
      inOrder.flatMap(event => (typeof event === 'object' && event.stream === stream ? [event.bytes] : [])),
    )
  }

  /** Numbers without a hole; one exit and one close, which is the last. */
  expectWhole(): void {
    const last = this.lastSeq
    expect(this.events.size, 'events beyond a hole').toBe(last)
    const kinds = [...this.events.values()].filter(event => typeof event === 'string')
    expect(new Set(kinds).size, 'exits and closes').toBe(kinds.length)
    if (this.isClosed) expect([this.events.get(last), kinds.length]).toEqual(['closed', 2])
  }
}

/** A client behind a network: it hears of what was sent in order, confirms it sooner or later, or loses the rest. */
export class ModelledClient {
  delivery = new FakeDelivery()
  readonly #processes = new Map<string, HeardProcess>()
  #heard = 0

  process(id: string): HeardProcess {
    let process = this.#processes.get(id)
    if (process === undefined) this.#processes.set(id, (process = new HeardProcess()))
    return process
  }

  /** So many more events arrive, as far as there are any. */
  hears(count: number): void {
    const until = Math.min(this.#heard + count, this.delivery.events.length)
    for (const event of this.delivery.events.slice(this.#heard, until)) {
      const process = this.process(event.processId)
      if (event.type === 'output') process.hear(event.seq, { stream: event.stream, bytes: event.bytes })
      else process.hear(event.seq, event.type)
    }
    this.#heard = until
  }

  /** The gateway learns what has arrived. */
  confirms(): void {
    this.delivery.acknowledge(this.#heard)
  }

  /** A connection of its own; what the old one had not brought is lost. */
  reconnects(): void {
    this.delivery = new FakeDelivery()
    this.#heard = 0
  }

  /**
   * Takes a page that was asked for from `afterSeq` on.
   * @returns the cursor of the next one
   */
  takes(id: string, afterSeq: number, page: OutputPage): number {
    const process = this.process(id)
    let before = afterSeq
    for (const { seq, stream, chunk } of page.chunks) {
      expect(seq, 'ascending').toBeGreaterThan(before)
      process.hear(seq, { stream, bytes: Buffer.from(chunk, 'base64') })
      before = seq
    }
    expect(page.nextSeq).toBeGreaterThan(before)
    return page.nextSeq - 1
  }

  /** A page without output says where the numbers are; those of exit and close are what is missing below. */
  infers(id: string, { nextSeq, exited, closed }: OutputPage): void {
    const process = this.process(id)
    if (closed) process.hear(nextSeq - 1, 'closed')
    const missing = Array.from({ length: nextSeq - 1 }, (_, index) => index + 1).filter(seq => !process.events.has(seq))
    expect(missing.length, 'holes that are no exit').toBeLessThanOrEqual(exited ? 1 : 0)
    for (const seq of missing) process.hear(seq, 'exited')
  }
}
