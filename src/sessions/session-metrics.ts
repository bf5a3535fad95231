import type { AttributeValue } from '../telemetry/catalogue.ts'
import { createInstruments, type Instruments } from '../telemetry/instruments.ts'

/** What happens to sessions, counted. */
export class SessionMetrics {
  readonly #count: Instruments

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
  }

  resumed(outcome: AttributeValue<'sessionResumes', 'outcome'>): void {
    this.#count.sessionResumes.add({ outcome })
  }

  ended(cause: AttributeValue<'sessionsEnded', 'cause'>, durationMs: number): void {
    this.#count.sessionsEnded.add({ cause })
    this.#count.sessionDuration.record(durationMs / 1000, {})
  }
}
