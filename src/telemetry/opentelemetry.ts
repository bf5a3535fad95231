import { diag, DiagLogLevel, logs, type Meter, metrics as metricsApi, trace, ValueType } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { AggregationTemporality, type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import type { Logger } from 'pino'
import { Afterwards } from './afterwards.ts'
import { metrics, scopeName } from './catalogue.ts'
import { type Gauges, isCounterKey, isGaugeKey, isHistogramKey, metricKeys } from './instruments.ts'
import { type LogRecord, LogRelay } from './log-relay.ts'
import type { MetricDefinition } from './metric.ts'
import { OpenTelemetryTracing } from './opentelemetry-tracing.ts'
import type { OtlpSettings, Signal } from './otlp-environment.ts'
import { ResendQueue } from './resend-queue.ts'
import { readSampler } from './sampler.ts'
import { failureFields, sdkDiagnostics } from './sdk-diagnostics.ts'
import { SpanIds } from './span-ids.ts'
import type { Telemetry } from './telemetry.ts'

export interface OpenTelemetryOptions {
  readonly telemetry: Telemetry
  /** What the gauges read; the one of the queue is known here. */
  readonly gauges: Omit<Gauges, 'telemetryQueue'>
  readonly settings: OtlpSettings
  /** Unique for every living process. */
  readonly instance: string
  readonly version: string
  /** How long the last export may take. */
  readonly shutdownMs: number
  /** Whether `/metrics` is served. */
  readonly hasScrapePage: boolean
  readonly log: Logger
}

/**
 * The OpenTelemetry SDK: the one file that knows it, loaded when telemetry is on. Pushes deltas to a collector and
 * answers scrapes with totals, from the same numbers.
 */
export class OpenTelemetry implements AsyncDisposable {
  readonly #sdk: NodeSDK
  readonly #options: OpenTelemetryOptions
  readonly #scraped: PrometheusExporter | undefined
  readonly #tracing: OpenTelemetryTracing | undefined
  readonly #afterwards = new Afterwards()
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  #queue: ResendQueue | undefined

  private constructor(options: OpenTelemetryOptions) {
    this.#options = options
    const { settings, telemetry, log } = options
    const { exported, spanBatching, logBatching } = settings
    const rejected = (signal: Signal) => telemetry.instruments.telemetryDropped.add({ signal })
    // Before the exporters read their variables: they complain here about what cannot be honoured.
    diag.setLogger(sdkDiagnostics({ log, rejected }), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
    if (options.hasScrapePage) this.#scraped = new PrometheusExporter({ preventServerStart: true })
    const spans = exported.has('traces')
      ? [new BatchSpanProcessor({ exporter: this.#counted('traces', new OTLPTraceExporter()), ...spanBatching })]
      : []
    const records = exported.has('logs')
      ? [new BatchLogRecordProcessor({ exporter: this.#counted('logs', new OTLPLogExporter()), ...logBatching })]
      : []
    const sampler = readSampler(process.env, problem => {
      log.warn(problem)
    })
    const ids = new SpanIds()
    this.#sdk = withoutConsole(
      () =>
        new NodeSDK({
          sampler,
          idGenerator: ids,
          resource: resourceFromAttributes({
            [ATTR_SERVICE_NAME]: 'execgate',
            [ATTR_SERVICE_VERSION]: options.version,
            [ATTR_SERVICE_INSTANCE_ID]: options.instance,
          }),
          // The others would tell the command line and the user.
          resourceDetectors: [envDetector],
          metricReaders: [
            ...(exported.has('metrics') ? [this.#pushed()] : []),
            ...(this.#scraped === undefined ? [] : [this.#scraped]),
          ],
          spanProcessors: spans,
          logRecordProcessors: records,
        }),
    )
    this.#sdk.start()
    this.#register(metricsApi.getMeter(scopeName))
    if (exported.has('traces')) {
      const tracer = trace.getTracer(scopeName)
      this.#tracing = new OpenTelemetryTracing({ tracer, sampler, ids, afterwards: this.#afterwards })
      telemetry.tracing = this.#tracing
    }
  }

  static start(options: OpenTelemetryOptions): OpenTelemetry {
    return new OpenTelemetry(options)
  }

  /** Takes records of the log for the collector; `undefined` where none are sent. */
  get logSink(): ((record: LogRecord) => void) | undefined {
    return this.#options.settings.exported.has('logs') ? new LogRelay(logs.getLogger(scopeName)).take : undefined
  }

  /** Every metric in the text format of Prometheus. */
  async scrape(): Promise<string> {
    if (this.#scraped === undefined) throw new Error('there is no page to scrape')
    this.#afterwards.catchUp()
    const { resourceMetrics, errors } = await this.#scraped.collect()
    for (const error of errors) this.#options.log.error({ err: error }, 'a metric cannot be collected')
    return this.#serializer.serialize(resourceMetrics)
  }

  /** Sends what there is and ends, in time even when the collector is away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.telemetry.tracing = undefined
    this.#tracing?.[Symbol.dispose]()
    this.#afterwards.catchUp()
    const { promise, resolve } = Promise.withResolvers<void>()
    const deadline = setTimeout(resolve, this.#options.shutdownMs)
    try {
      await Promise.race([this.#sdk.shutdown(), promise])
    } catch (error) {
      this.#options.log.warn(failureFields(error as Error), 'the last telemetry was not delivered')
    } finally {
      clearTimeout(deadline)
      metricsApi.disable()
      trace.disable()
      logs.disable()
      diag.disable()
    }
  }

  #pushed(): IMetricReader {
    const { telemetry, settings, log } = this.#options
    const { instruments } = telemetry
    const exporter = new OTLPMetricExporter({ temporalityPreference: AggregationTemporality.DELTA })
    this.#queue = new ResendQueue(exporter, {
      exported: result => {
        instruments.telemetryExports.add({ signal: 'metrics', result })
      },
      dropped: () => {
        instruments.telemetryDropped.add({ signal: 'metrics' })
      },
      changed: (isFailing, error) => {
        if (isFailing) log.warn(failureFields(error), 'metrics cannot be exported; they are kept and sent again')
        else log.info('metrics are exported again')
      },
    })
    return new PeriodicExportingMetricReader({
      exporter: this.#queue,
      exportIntervalMillis: settings.metricIntervalMs,
      exportTimeoutMillis: settings.metricTimeoutMs,
    })
  }

  /** An exporter whose batches are counted. */
  #counted<Item, Exporter extends { export(items: Item[], done: (result: ExportResult) => void): void }>(
    signal: Signal,
    exporter: Exporter,
  ): Exporter {
    const { instruments } = this.#options.telemetry
    const send = exporter.export.bind(exporter)
    exporter.export = (items, done) => {
      send(items, result => {
        const isDone = result.code === ExportResultCode.SUCCESS
        instruments.telemetryExports.add({ signal, result: isDone ? 'success' : 'failure' })
        if (!isDone) instruments.telemetryDropped.add({ signal })
        done(result)
      })
    }
    return exporter
  }

  #register(meter: Meter): void {
    const { instruments } = this.#options.telemetry
    const gauges: Gauges = { ...this.#options.gauges, telemetryQueue: observe => observe(this.#queue?.length ?? 0, {}) }
    for (const key of metricKeys) {
      const definition: MetricDefinition = metrics[key]
      const { name, unit = '', help, isInteger, buckets } = definition
      const details = { unit, description: help, valueType: isInteger ? ValueType.INT : ValueType.DOUBLE }
      if (isCounterKey(key)) {
        meter.createObservableCounter(name, details).addCallback(result => {
          instruments[key].observe((value, attributes) => {
            result.observe(value, attributes)
          })
        })
      } else if (isGaugeKey(key)) {
        meter.createObservableGauge(name, details).addCallback(result => {
          gauges[key]((value: number, attributes: object) => {
            result.observe(value, attributes as Record<string, string>)
          })
        })
      } else if (isHistogramKey(key)) {
        const histogram = meter.createHistogram(name, {
          ...details,
          advice: { explicitBucketBoundaries: [...(buckets ?? [])] },
        })
        instruments[key].bind((value: number, attributes: object) => {
          this.#afterwards.add(() => {
            histogram.record(value, attributes as Record<string, string>)
          })
        })
      }
    }
  }
}

/** With this variable set the SDK prints what it does to standard output, which belongs to the protocol. */
function withoutConsole<Made>(make: () => Made): Made {
  const level = process.env['OTEL_LOG_LEVEL']
  delete process.env['OTEL_LOG_LEVEL']
  try {
    return make()
  } finally {
    if (level !== undefined) process.env['OTEL_LOG_LEVEL'] = level
  }
}
