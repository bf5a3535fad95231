import type { BodyDelta, BodyOutlet, RoomWaiter } from '../fetching/response-stream.ts'
import type { Delivery, ProcessEvent, Waiter } from '../processes/delivery.ts'
import { encodeNotification } from '../protocol/envelope.ts'
import type { Timers } from '../lifecycle/timers.ts'
import type { ConnectionMetrics } from './connection-metrics.ts'
import { lengthOf, type OutgoingMessage } from '../protocol/outgoing-message.ts'
import type { Transport } from './transport.ts'

/** Between two requests for confirmation. */
const confirmationStepBytes = 256 * 1024

/** Output on its way to a peer that confirms: well below what a process keeps for a peer that went away. */
const maxUnconfirmedBytes = 4 * 1024 * 1024

/**
 * How long the first confirmation may take. Every WebSocket has to answer pings; one that does not is served all the same,
 * without the promise that a cut loses nothing.
 */
const patienceMs = 2000

/**
 * Everything a connection sends. Replies go out at once. Output is only accepted while little is queued, so a reply never
 * waits behind more than that, and a peer that does not read costs no more than that; processes wait in line for room
 * and each gets its turn.
 */
export class Outbox implements Delivery, BodyOutlet {
  readonly #transport: Transport
  readonly #roomBytes: number
  readonly #inLine = new Set<RoomWaiter>()
  readonly #unconfirmed = new Set<Waiter>()
  /** Large replies that are not made before there is room for them. */
  readonly #unmade = new Set<() => void>()
  #sentBytes = 0
  readonly #timers: Timers
  readonly #metrics: ConnectionMetrics
  #requestedMark = 0
  /** The confirmation whose round trip is measured. */
  #ping: { readonly mark: number; readonly at: number } | undefined
  #confirmedMark = 0
  #isConfirming = true
  #isOver = false
  /** Runs from the first request until the first confirmation. */
  #patience: Disposable | undefined

  constructor(transport: Transport, timers: Timers, roomBytes: number, metrics: ConnectionMetrics) {
    this.#metrics = metrics
    this.#transport = transport
    this.#timers = timers
    this.#roomBytes = roomBytes
    if (transport.kind === 'stdio') this.#confirmedMark = Infinity
  }

  get hasRoom(): boolean {
    if (this.#transport.queuedBytes >= this.#roomBytes) return false
    return !this.#isConfirming || this.#sentBytes - this.#confirmedMark < maxUnconfirmedBytes
  }

  get isConfirming(): boolean {
    return this.#isConfirming
  }

  get mark(): number {
    return this.#sentBytes
  }

  get acknowledgedMark(): number {
    return this.#confirmedMark
  }

  send(message: OutgoingMessage, kind: 'reply' | 'notification' = 'reply'): void {
    const length = lengthOf(message)
    this.#metrics.sent(kind, length)
    this.#sentBytes += length
    this.#transport.send(message)
    const isStepOver = this.#sentBytes - this.#requestedMark >= confirmationStepBytes
    if (isStepOver || this.#isAwaitedInVain) this.requestConfirmation()
  }

  /** Asks the peer to confirm what it has received; its answer is a sign of life as well. */
  requestConfirmation(): void {
    this.#requestedMark = this.#sentBytes
    this.#ping ??= { mark: this.#sentBytes, at: performance.now() }
    if (this.#confirmedMark === 0) this.#patience ??= this.#timers.after(patienceMs, this.#patienceEnded)
    this.#transport.requestConfirmation(this.#sentBytes)
  }

  deliver(event: ProcessEvent): number {
    const mark = this.#sentBytes
    this.send(encodeEvent(event), 'notification')
    return mark
  }

  deliverBody(delta: BodyDelta): void {
    this.send(encodeDelta(delta), 'notification')
  }

  awaitRoom(waiter: RoomWaiter): void {
    this.#inLine.add(waiter)
  }

  awaitAcknowledgement(waiter: Waiter): void {
    this.#unconfirmed.add(waiter)
    // Whoever waits for this may be what would have been sent next.
    if (this.#isAwaitedInVain) this.requestConfirmation()
  }

  forget(waiter: Waiter | RoomWaiter): void {
    this.#inLine.delete(waiter)
    if ('acknowledged' in waiter) this.#unconfirmed.delete(waiter)
  }

  /** Resolves once there is room, or nothing will be sent any more. */
  async untilRoom(): Promise<void> {
    if (this.hasRoom || this.#isOver) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter: Waiter = { roomMade: resolve, acknowledged: () => {} }
    this.#unmade.add(resolve)
    this.#inLine.add(waiter)
    await promise
    this.#unmade.delete(resolve)
    this.#inLine.delete(waiter)
  }

  /** The transport has taken everything. */
  drained(): void {
    this.#letIn()
  }

  confirmed(mark: number): void {
    // An unsolicited answer must not confirm what was never sent.
    if (!Number.isSafeInteger(mark) || mark > this.#requestedMark) return
    this.#measurePing(mark)
    if (mark <= this.#confirmedMark) return
    this.#patience?.[Symbol.dispose]()
    this.#isConfirming = true
    this.#confirmedMark = mark
    this.#tellUnconfirmed()
    if (this.#isAwaitedInVain) this.requestConfirmation()
  }

  [Symbol.dispose](): void {
    this.#patience?.[Symbol.dispose]()
    this.#isOver = true
    for (const goOn of this.#unmade) goOn()
  }

  readonly #patienceEnded = (): void => {
    this.#isConfirming = false
    this.#tellUnconfirmed()
  }

  #measurePing(mark: number): void {
    if (this.#ping === undefined || mark < this.#ping.mark) return
    this.#metrics.ponged(performance.now() - this.#ping.at)
    this.#ping = undefined
  }

  /** Whether somebody waits for the confirmation of something that no request under way covers. */
  get #isAwaitedInVain(): boolean {
    return (
      this.#unconfirmed.size > 0 && this.#confirmedMark >= this.#requestedMark && this.#sentBytes > this.#requestedMark
    )
  }

  #tellUnconfirmed(): void {
    const waiters = [...this.#unconfirmed]
    this.#unconfirmed.clear()
    for (const waiter of waiters) waiter.acknowledged()
    this.#letIn()
  }

  #letIn(): void {
    for (const waiter of this.#inLine) {
      if (!this.hasRoom) return
      this.#inLine.delete(waiter)
      waiter.roomMade()
    }
  }
}

function encodeEvent(event: ProcessEvent): OutgoingMessage {
  if (event.type !== 'output') {
    const { type, ...params } = event
    return encodeNotification(`process/${type}`, params)
  }
  const { processId, seq, stream, bytes } = event
  const id = JSON.stringify(processId)
  return {
    before: `{"method":"process/output","params":{"processId":${id},"seq":${seq},"stream":"${stream}","chunk":"`,
    chunk: bytes,
    after: '"}}',
  }
}

function encodeDelta({ requestId, seq, bytes, done, error }: BodyDelta): OutgoingMessage {
  return {
    before: `{"method":"http/request/bodyDelta","params":{"requestId":${JSON.stringify(requestId)},"seq":${seq},"deltaBase64":"`,
    chunk: bytes,
    after: `","done":${done},"error":${JSON.stringify(error)}}}`,
  }
}
