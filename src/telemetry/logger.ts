import { type Logger, pino } from 'pino'
import { LogWriter } from './log-writer.ts'
import type { Telemetry } from './telemetry.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** How long the end of the program waits for a reader of the log. */
const flushMs = 500

export interface OpenLog {
  readonly log: Logger
  /** Also hands every record to `sink` from now on; to nobody without one. */
  exportTo(sink: ((record: Readonly<Record<string, unknown>>) => void) | undefined): void
  /** Waits a moment for what is still to be written. */
  flush(): Promise<void>
}

/**
 * Structured records on standard error, one JSON object per line; standard output belongs to the protocol. Writing does
 * not wait for the reader, and a reader that is gone or a disk that is full is no error. Records carry the ids of the
 * request that is being handled.
 */
export function openLog(level: LogLevel, telemetry?: Telemetry): OpenLog {
  const writer = new LogWriter(2, () => telemetry?.instruments.telemetryDropped.add({ signal: 'logs' }))
  let sink: ((record: Readonly<Record<string, unknown>>) => void) | undefined
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => telemetry?.active?.ids ?? {},
    },
    {
      write: (line: string) => {
        writer.write(line)
        sink?.(JSON.parse(line) as Record<string, unknown>)
      },
    },
  )
  return {
    log,
    exportTo: next => {
      sink = next
    },
    flush: () => writer.flush(flushMs),
  }
}
