import { type Logger, ROOT_CONTEXT, SeverityNumber, trace, TraceFlags } from '@opentelemetry/api'

/** A record as it stands in the log. */
export type LogRecord = Readonly<Record<string, unknown>>

const severities: Readonly<Record<number, [SeverityNumber, string]>> = {
  10: [SeverityNumber.TRACE, 'TRACE'],
  20: [SeverityNumber.DEBUG, 'DEBUG'],
  30: [SeverityNumber.INFO, 'INFO'],
  40: [SeverityNumber.WARN, 'WARN'],
  50: [SeverityNumber.ERROR, 'ERROR'],
  60: [SeverityNumber.FATAL, 'FATAL'],
}

/** Members that have a place of their own in a record of the collector. */
const placed = new Set(['level', 'time', 'msg', 'trace_id', 'span_id', 'err'])

/** Hands the records of the log to the SDK. */
export class LogRelay {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  readonly take = (record: LogRecord): void => {
    const [severityNumber, severityText] = severities[Number(record['level'])] ?? [SeverityNumber.UNSPECIFIED, '']
    const { trace_id: traceId, span_id: spanId } = record
    this.#logger.emit({
      severityNumber,
      severityText,
      body: typeof record['msg'] === 'string' ? record['msg'] : '',
      timestamp: Date.parse(String(record['time'])),
      attributes: { ...scalars(record), ...errorAttributes(record['err']) },
      ...(typeof traceId === 'string' &&
        typeof spanId === 'string' && {
          context: trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED }),
        }),
    })
  }
}

function scalars(record: LogRecord): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(record).filter(
      (entry): entry is [string, string | number | boolean] =>
        !placed.has(entry[0]) && ['string', 'number', 'boolean'].includes(typeof entry[1]),
    ),
  )
}

function errorAttributes(error: unknown): Record<string, string> {
  if (typeof error !== 'object' || error === null) return {}
  const { type, message, stack }: { type?: unknown; message?: unknown; stack?: unknown } = error
  return {
    ...(typeof type === 'string' && { 'exception.type': type }),
    ...(typeof message === 'string' && { 'exception.message': message }),
    ...(typeof stack === 'string' && { 'exception.stacktrace': stack }),
  }
}
