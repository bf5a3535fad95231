import type { Delivery, ProcessEvent, Waiter } from '../processes/delivery.ts'
import { encodeNotification } from '../protocol/envelope.ts'
import type { Transport } from './transport.ts'

/** Between two requests for confirmation. */
const confirmationStepBytes = 256 * 1024

/** Output on its way to a peer that confirms: well below what a process keeps for a peer that went away. */
const maxUnconfirmedBytes = 4 * 1024 * 1024

/**
 * Everything a connection sends. Replies go out at once. Output is only accepted while little is queued, so a reply never
 * waits behind more than that, and a peer that does not read costs no more than that; processes wait in line for room
 * and each gets its turn.
 */
export class Outbox implements Delivery {
  readonly #transport: Transport
  readonly #roomBytes: number
  readonly #inLine = new Set<Waiter>()
  readonly #unconfirmed = new Set<Waiter>()
  #sentBytes = 0
  #requestedMark = 0
  #confirmedMark: number | undefined

  constructor(transport: Transport, roomBytes: number) {
    this.#transport = transport
    this.#roomBytes = roomBytes
    if (transport.kind === 'stdio') this.#confirmedMark = Infinity
  }

  get hasRoom(): boolean {
    if (this.#transport.queuedBytes >= this.#roomBytes) return false
    // A peer that has never confirmed anything may not be able to: it is not waited for.
    return this.#confirmedMark === undefined || this.#sentBytes - this.#confirmedMark < maxUnconfirmedBytes
  }

  get mark(): number {
    return this.#sentBytes
  }

  get acknowledgedMark(): number {
    return this.#confirmedMark ?? 0
  }

  send(text: string): void {
    this.#sentBytes += text.length
    this.#transport.send(text)
    if (this.#sentBytes - this.#requestedMark >= confirmationStepBytes) this.requestConfirmation()
  }

  /** Asks the peer to confirm what it has received; its answer is a sign of life as well. */
  requestConfirmation(): void {
    this.#requestedMark = this.#sentBytes
    this.#transport.requestConfirmation(this.#sentBytes)
  }

  deliver(event: ProcessEvent): number {
    const mark = this.#sentBytes
    this.send(encodeEvent(event))
    return mark
  }

  awaitRoom(waiter: Waiter): void {
    this.#inLine.add(waiter)
  }

  awaitAcknowledgement(waiter: Waiter): void {
    this.#unconfirmed.add(waiter)
  }

  forget(waiter: Waiter): void {
    this.#inLine.delete(waiter)
    this.#unconfirmed.delete(waiter)
  }

  /** The transport has taken everything. */
  drained(): void {
    this.#letIn()
  }

  confirmed(mark: number): void {
    // An unsolicited answer must not confirm what was never sent.
    if (!Number.isSafeInteger(mark) || mark > this.#requestedMark || mark <= (this.#confirmedMark ?? -1)) return
    this.#confirmedMark = mark
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

function encodeEvent(event: ProcessEvent): string {
  if (event.type !== 'output') {
    const { type, ...params } = event
    return encodeNotification(`process/${type}`, params)
  }
  // The bulk of all traffic: base64 needs no escaping, so the chunk is not looked at again.
  const { processId, seq, stream, bytes } = event
  const id = JSON.stringify(processId)
  const chunk = bytes.toString('base64')
  return `{"method":"process/output","params":{"processId":${id},"seq":${seq},"stream":"${stream}","chunk":"${chunk}"}}`
}
