import type { AttributeValue } from '../telemetry/catalogue.ts'
import { type Cell, createInstruments, type Instruments } from '../telemetry/instruments.ts'
import type { FetchResult } from './fetch-failure.ts'

/** Whether the body comes in the reply or after it. */
export type FetchMode = AttributeValue<'fetches', 'mode'>

/** What a request is sent on; `repeated`: a new connection because the one that was used again had just been closed. */
export type ConnectionUse = AttributeValue<'fetchConnections', 'use'>

/** What happens to requests that are made for callers, counted. */
export class FetchMetrics {
  readonly active: Record<FetchMode, number> = { buffered: 0, streamed: 0 }
  readonly #count: Instruments
  /** Looked up once: all bodies pass here. */
  readonly #sent: Cell
  readonly #received: Cell

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
    this.#sent = instruments.fetchBytes.at({ direction: 'sent' })
    this.#received = instruments.fetchBytes.at({ direction: 'received' })
  }

  started(mode: FetchMode): void {
    this.active[mode] += 1
  }

  ended(mode: FetchMode, result: FetchResult, durationMs: number): void {
    this.active[mode] -= 1
    this.#count.fetches.add({ mode, result })
    this.#count.fetchDuration.record(durationMs / 1000, { mode, result })
  }

  connectionUsed(use: ConnectionUse): void {
    this.#count.fetchConnections.add({ use })
  }

  sent(bytes: number): void {
    this.#sent.add(bytes)
  }

  received(bytes: number): void {
    this.#received.add(bytes)
  }
}
