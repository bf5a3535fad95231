import type { AttributeValue } from '../telemetry/catalogue.ts'
import { type Cell, createInstruments, type Instruments } from '../telemetry/instruments.ts'

type TransportKind = AttributeValue<'connectionsActive', 'transport'>
export type CloseCause = AttributeValue<'connectionsClosed', 'cause'>
export type RejectReason = AttributeValue<'connectionsRejected', 'reason'>
type MessageKind = AttributeValue<'messages', 'kind'>

/** What happens to connections and on them, counted. */
export class ConnectionMetrics {
  readonly active: Record<TransportKind, number> = { relay: 0, stdio: 0, websocket: 0 }
  readonly #count: Instruments
  /** Looked up once: every message passes here. */
  readonly #received: Readonly<Record<MessageKind, Cell>>
  readonly #receivedBytes: Cell
  readonly #sent: Readonly<Record<'reply' | 'notification', Cell>>
  readonly #sentBytes: Cell

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
    const received = (kind: MessageKind) => instruments.messages.at({ direction: 'received', kind })
    const sent = (kind: MessageKind) => instruments.messages.at({ direction: 'sent', kind })
    this.#received = {
      request: received('request'),
      reply: received('reply'),
      notification: received('notification'),
      malformed: received('malformed'),
    }
    this.#receivedBytes = instruments.messageBytes.at({ direction: 'received' })
    this.#sent = { reply: sent('reply'), notification: sent('notification') }
    this.#sentBytes = instruments.messageBytes.at({ direction: 'sent' })
  }

  /** Bytes of all messages, both ways. */
  get messageBytes(): number {
    return this.#receivedBytes.value + this.#sentBytes.value
  }

  opened(transport: TransportKind): void {
    this.active[transport] += 1
    this.#count.connections.add({ transport })
  }

  closed(transport: TransportKind, cause: CloseCause, durationMs: number): void {
    this.active[transport] -= 1
    this.#count.connectionsClosed.add({ cause })
    this.#count.connectionDuration.record(durationMs / 1000, { transport })
  }

  rejected(reason: RejectReason): void {
    this.#count.connectionsRejected.add({ reason })
    if (reason === 'limit') this.#count.limitsReached.add({ limit: 'maxConnections' })
  }

  received(kind: MessageKind): void {
    this.#received[kind].add()
  }

  receivedText(length: number): void {
    this.#receivedBytes.add(length)
  }

  sent(kind: 'reply' | 'notification', length: number): void {
    this.#sent[kind].add()
    this.#sentBytes.add(length)
  }

  ponged(roundTripMs: number): void {
    this.#count.pingDuration.record(roundTripMs / 1000, {})
  }

  inputPaused(): void {
    this.#count.backpressure.add({ action: 'input_paused' })
  }

  inputResumed(): void {
    this.#count.backpressure.add({ action: 'input_resumed' })
  }

  messageTooLong(): void {
    this.#count.limitsReached.add({ limit: 'maxMessageBytes' })
  }
}
