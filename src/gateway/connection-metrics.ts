import type { AttributeValue } from '../telemetry/catalogue.ts'
import { createInstruments, type Instruments } from '../telemetry/instruments.ts'

type TransportKind = AttributeValue<'connectionsActive', 'transport'>
export type CloseCause = AttributeValue<'connectionsClosed', 'cause'>
type MessageKind = AttributeValue<'messages', 'kind'>

/** What happens to connections and on them, counted. */
export class ConnectionMetrics {
  readonly active: Record<TransportKind, number> = { relay: 0, stdio: 0, websocket: 0 }
  readonly #count: Instruments

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
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

  rejected(reason: AttributeValue<'connectionsRejected', 'reason'>): void {
    this.#count.connectionsRejected.add({ reason })
    if (reason === 'limit') this.#count.limitsReached.add({ limit: 'maxConnections' })
  }

  received(kind: MessageKind): void {
    this.#count.messages.add({ direction: 'received', kind })
  }

  receivedText(length: number): void {
    this.#count.messageBytes.add({ direction: 'received' }, length)
  }

  sent(kind: 'reply' | 'notification', length: number): void {
    this.#count.messages.add({ direction: 'sent', kind })
    this.#count.messageBytes.add({ direction: 'sent' }, length)
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

  limitReached(limit: 'maxIdBytes' | 'maxRequests'): void {
    this.#count.limitsReached.add({ limit })
  }
}
