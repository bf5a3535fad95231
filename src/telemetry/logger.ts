import { type Logger, pino } from 'pino'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/**
 * Structured records on standard error, one JSON object per line; standard output belongs to the protocol. Writing does
 * not wait for the reader, and a reader that is gone is no error. `flush` writes what is still buffered.
 */
export function openLog(level: LogLevel): { log: Logger; flush: () => void } {
  const destination = pino.destination({ dest: 2, sync: false })
  destination.on('error', () => {})
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    log,
    flush: () => {
      try {
        destination.flushSync()
      } catch {
        // Nobody reads standard error any more.
      }
    },
  }
}
