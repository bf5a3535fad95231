import type { Delivery, ProcessEvent, Waiter } from '../../src/processes/delivery.ts'

/** Keeps what it is given. Its marks count events; room and confirmation are the test's to give. */
export class FakeDelivery implements Delivery {
  readonly events: ProcessEvent[] = []
  hasRoom = true
  acknowledgedMark = 0
  isConfirming = true
  /** Who waits for room, the longest waiting first. */
  readonly inLine = new Set<Waiter>()
  readonly unconfirmed = new Set<Waiter>()

  get mark(): number {
    return this.events.length
  }

  /** One word for each event. */
  get summary(): string[] {
    return this.events.map(event => {
      switch (event.type) {
        case 'output':
          return `${event.seq} ${event.stream} ${event.bytes.toString()}`
        case 'exited':
          return `${event.seq} exited ${event.exitCode}`
        case 'closed':
          return `${event.seq} closed`
      }
    })
  }

  deliver(event: ProcessEvent): number {
    const { mark } = this
    // The bytes of an event are the sender's: what was sent is what they are now.
    this.events.push(event.type === 'output' ? { ...event, bytes: Buffer.from(event.bytes) } : event)
    return mark
  }

  awaitRoom(waiter: Waiter): void {
    this.inLine.add(waiter)
  }

  awaitAcknowledgement(waiter: Waiter): void {
    this.unconfirmed.add(waiter)
  }

  forget(waiter: Waiter): void {
    this.inLine.delete(waiter)
    this.unconfirmed.delete(waiter)
  }

  makeRoom(): void {
    this.hasRoom = true
    const waiters = [...this.inLine]
    this.inLine.clear()
    for (const waiter of waiters) waiter.roomMade()
  }

  /** The peer has received the first `count` events, by default all. */
  acknowledge(count = this.mark): void {
    this.acknowledgedMark = count
    const waiters = [...this.unconfirmed]
    this.unconfirmed.clear()
    for (const waiter of waiters) waiter.acknowledged()
  }
}
