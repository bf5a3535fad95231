import { type Attributes, ValueType } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { envDetector, detectResources, resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import { scopeName } from './catalogue.ts'
import { loadMetrics, operationResults, type runStatistics, type ScenarioName } from './load-metrics.ts'
import type { MetricDefinition } from './metric.ts'
import type { OtlpSettings } from './otlp-environment.ts'
import { ResendQueue } from './resend-queue.ts'

/** What is under load: a scenario, and the name of a target. */
export interface LoadSubject {
  readonly scenario: ScenarioName
  readonly target: string
}

export interface LoadExportOptions {
  readonly settings: OtlpSettings
  /** Unique for every load test. */
  readonly instance: string
  readonly version: string
  /** Told once when the collector cannot be reached. */
  readonly warn: (sentence: string) => void
}

/** How long the last export may take. */
const shutdownMs = 2000

/** A number that is observed at every export from the moment it is known. */
type Observed = Map<string, { value: number; readonly attributes: Attributes }>

/** Sends the results of a load test to a collector, as deltas like those of a gateway. Loaded where there is one. */
export class LoadExport implements AsyncDisposable {
  readonly #provider: MeterProvider
  readonly #latency: (seconds: number, attributes: Attributes) => void
  readonly #operations: Observed = new Map()
  readonly #runLatency: Observed = new Map()
  readonly #runRate: Observed = new Map()
  readonly #options: LoadExportOptions

  private constructor(options: LoadExportOptions) {
    this.#options = options
    const { settings, instance, version } = options
    const own = resourceFromAttributes({
      [ATTR_SERVICE_NAME]: 'execgate-load',
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: instance,
    })
    this.#provider = new MeterProvider({
      resource: own.merge(detectResources({ detectors: [envDetector] })),
      readers: [
        new PeriodicExportingMetricReader({
          exporter: this.#exporter(),
          exportIntervalMillis: settings.metricIntervalMs,
          exportTimeoutMillis: settings.metricTimeoutMs,
        }),
      ],
    })
    const meter = this.#provider.getMeter(scopeName)
    const histogram = meter.createHistogram(loadMetrics.latency.name, {
      ...detailsOf(loadMetrics.latency),
      advice: { explicitBucketBoundaries: [...(loadMetrics.latency.buckets ?? [])] },
    })
    this.#latency = (seconds, attributes) => histogram.record(seconds, attributes)
    const { operations, runLatency, runRate } = loadMetrics
    const observe = (observed: Observed) => (result: { observe(value: number, attributes: Attributes): void }) => {
      for (const { value, attributes } of observed.values()) result.observe(value, attributes)
    }
    meter.createObservableCounter(operations.name, detailsOf(operations)).addCallback(observe(this.#operations))
    meter.createObservableGauge(runLatency.name, detailsOf(runLatency)).addCallback(observe(this.#runLatency))
    meter.createObservableGauge(runRate.name, detailsOf(runRate)).addCallback(observe(this.#runRate))
  }

  static start(options: LoadExportOptions): LoadExport {
    return new LoadExport(options)
  }

  succeeded(subject: LoadSubject, latencyMs: number): void {
    this.#latency(latencyMs / 1000, { ...subject })
    this.#count(subject, 'success')
  }

  failed(subject: LoadSubject): void {
    this.#count(subject, 'error')
  }

  /** Milliseconds, those that are known. */
  runDone(
    subject: LoadSubject,
    latenciesMs: Readonly<Record<(typeof runStatistics)[number], number | null>>,
    perSecond: number,
  ): void {
    for (const [statistic, ms] of Object.entries(latenciesMs)) {
      if (ms !== null) set(this.#runLatency, { ...subject, statistic }, ms / 1000)
    }
    set(this.#runRate, { ...subject }, perSecond)
  }

  /** Sends what there is and ends, in time even when the collector is away. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const deadline = setTimeout(() => reject(new Error('the collector did not answer in time')), shutdownMs)
    try {
      await Promise.race([this.#provider.shutdown(), promise])
    } catch {
      this.#options.warn('the last results were not delivered to the collector')
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Both results are reported from the first operation on, zeros included: errors that begin later have a rate at once. */
  #count(subject: LoadSubject, result: (typeof operationResults)[number]): void {
    for (const each of operationResults) {
      const attributes = { ...subject, result: each }
      const before = this.#operations.get(keyOf(attributes))?.value ?? 0
      set(this.#operations, attributes, before + (each === result ? 1 : 0))
    }
  }

  #exporter(): ResendQueue {
    const exporter = new OTLPMetricExporter({ temporalityPreference: AggregationTemporality.DELTA })
    return new ResendQueue(exporter, {
      exported: () => {},
      dropped: () => {
        this.#options.warn('results were given up: the collector has been away for too long')
      },
      changed: isFailing => {
        if (isFailing) this.#options.warn('results cannot be exported; they are kept and sent again')
      },
    })
  }
}

function detailsOf({ help, unit, isInteger }: MetricDefinition) {
  return { description: help, unit: unit ?? '', valueType: isInteger ? ValueType.INT : ValueType.DOUBLE }
}

function set(observed: Observed, attributes: Readonly<Record<string, string>>, value: number): void {
  const key = keyOf(attributes)
  const known = observed.get(key)
  if (known === undefined) observed.set(key, { value, attributes })
  else known.value = value
}

function keyOf(attributes: Readonly<Record<string, string>>): string {
  return Object.values(attributes).join('\n')
}
