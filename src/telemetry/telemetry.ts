import { createInstruments, type Instruments } from './instruments.ts'
import type { RequestSpan, Tracing } from './tracing.ts'

/** How a gateway is seen. Numbers are always counted; spans are opened once somebody provides `tracing`. */
export class Telemetry {
  readonly instruments: Instruments = createInstruments()
  tracing: Tracing | undefined
  /** The span of the request that is being handled right now, for the records logged meanwhile. */
  active: RequestSpan | undefined
}
