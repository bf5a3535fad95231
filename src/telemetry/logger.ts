import { type Logger, pino } from 'pino'
import type { Telemetry } from './telemetry.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

export interface OpenLog {
  readonly log: Logger
  /** Also hands every record to `sink` from now on; to nobody without one. */
  exportTo(sink: ((record: Readonly<Record<string, unknown>>) => void) | undefined): void
  /** Writes what is still buffered. */
  flush(): void
}

/**
 * Structured records on standard error, one JSON object per line; standard output belongs to the protocol. Writing does
 * not wait for the reader, and a reader that is gone or a disk that is full is no error. Records carry the ids of the
 * request that is being handled.
 */
export function openLog(level: LogLevel, telemetry?: Telemetry): OpenLog {
  const destination = pino.destination({ dest: 2, sync: false })
  destination.on('error', () => {})
  let sink: ((record: Readonly<Record<string, unknown>>) => void) | undefined
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => telemetry?.active ?? {},
    },
    {
      write: (line: string) => {
        destination.write(line)
        sink?.(JSON.parse(line) as Record<string, unknown>)
      },
    },
  )
  return {
    log,
    exportTo: next => {
      sink = next
    },
    flush: () => {
      try {
        destination.flushSync()
      } catch {
        // Nobody reads standard error any more.
      }
    },
  }
}
