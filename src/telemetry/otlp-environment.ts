import { signals } from './catalogue.ts'

export type Signal = (typeof signals)[number]

/** Options of the SDK's batches, and the end of the variable of each. */
const batchOptions = [
  ['scheduledDelayMillis', 'SCHEDULE_DELAY', 'milliseconds'],
  ['exportTimeoutMillis', 'EXPORT_TIMEOUT', 'milliseconds'],
  ['maxQueueSize', 'MAX_QUEUE_SIZE', 'records'],
  ['maxExportBatchSize', 'MAX_EXPORT_BATCH_SIZE', 'records'],
] as const

/** How spans, or records of the log, are gathered before they are sent; the SDK knows what is not given. */
export type Batching = Readonly<Partial<Record<(typeof batchOptions)[number][0], number>>>

/** What the standard variables say about telemetry; whatever cannot be honoured is a warning, never a failure. */
export interface OtlpSettings {
  readonly isDisabled: boolean
  /** Signals that are sent to a collector. */
  readonly exported: ReadonlySet<Signal>
  /** Between two exports of metrics. */
  readonly metricIntervalMs: number
  readonly metricTimeoutMs: number
  readonly spanBatching: Batching
  readonly logBatching: Batching
  readonly warnings: readonly string[]
}

const defaultIntervalMs = 60_000
const defaultTimeoutMs = 30_000
const knownProtocols = new Set(['http/json', 'http/protobuf'])

/**
 * Reads the variables that decide whether and how telemetry is sent. Nothing is sent unless an endpoint is named. The
 * exporters read the rest themselves: headers, timeouts, compression, certificates.
 */
export function readOtlpEnvironment(environment: Readonly<Record<string, string | undefined>>): OtlpSettings {
  const warnings: string[] = []
  const isDisabled = environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
  const exported = signals.filter(signal => {
    if (isDisabled || environment[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() === 'none') return false
    const name = endpointVariable(signal, environment)
    const value = environment[name]?.trim()
    if (value === undefined || value === '') return false
    if (isHttpUrl(value)) return true
    warnings.push(`${name} is not an http or https URL; no ${signal} are exported`)
    return false
  })
  const protocol = environment['OTEL_EXPORTER_OTLP_PROTOCOL']?.trim()
  if (exported.length > 0 && protocol !== undefined && protocol !== '' && !knownProtocols.has(protocol)) {
    warnings.push('OTEL_EXPORTER_OTLP_PROTOCOL names a protocol that is not spoken; http/json is used')
  }
  const read = (name: string, what: string, otherwise: string) => {
    const text = environment[name]?.trim()
    if (text === undefined || text === '') return undefined
    const value = Number(text)
    if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value
    warnings.push(`${name} is not a number of ${what}; ${otherwise} is used`)
    return undefined
  }
  const readMs = (name: string, fallback: number) => read(name, 'milliseconds', String(fallback)) ?? fallback
  const readBatching = (prefix: string): Batching => {
    const given = batchOptions.flatMap(([option, ending, unit]) => {
      const value = read(`${prefix}_${ending}`, unit, 'the default')
      return value === undefined ? [] : [[option, value]]
    })
    return Object.fromEntries(given)
  }
  const metricIntervalMs = readMs('OTEL_METRIC_EXPORT_INTERVAL', defaultIntervalMs)
  // The reader insists that an export ends before the next one begins.
  const metricTimeoutMs = Math.min(readMs('OTEL_METRIC_EXPORT_TIMEOUT', defaultTimeoutMs), metricIntervalMs)
  const spanBatching = readBatching('OTEL_BSP')
  const logBatching = readBatching('OTEL_BLRP')
  return {
    isDisabled,
    exported: new Set(exported),
    metricIntervalMs,
    metricTimeoutMs,
    spanBatching,
    logBatching,
    warnings,
  }
}

function endpointVariable(signal: Signal, environment: Readonly<Record<string, string | undefined>>): string {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  return environment[own]?.trim() ? own : 'OTEL_EXPORTER_OTLP_ENDPOINT'
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
