import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import {
  AggregationTemporality,
  type InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'

/** What the queue tells about itself. */
export interface ResendObserver {
  exported(result: 'success' | 'failure'): void
  dropped(): void
  /** Called when exports begin to fail, and when they work again. */
  changed(isFailing: boolean, error: Error | undefined): void
}

/** Batches kept while the collector cannot be reached: two hours at an interval of a minute. */
const maxBatches = 120

/**
 * Sends failed batches again, oldest first. A delta that is not delivered is lost for good, so a batch stays until the
 * collector has taken it, or until there are too many.
 */
export class ResendQueue implements PushMetricExporter {
  readonly #exporter: PushMetricExporter
  readonly #observer: ResendObserver
  readonly #batches: ResourceMetrics[] = []
  #draining: Promise<void> | undefined
  #isFailing = false

  constructor(exporter: PushMetricExporter, observer: ResendObserver) {
    this.#exporter = exporter
    this.#observer = observer
  }

  /** Batches that wait, the one being sent included. */
  get length(): number {
    return this.#batches.length
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    this.#batches.push(metrics)
    if (this.#batches.length > maxBatches) {
      // The oldest may be on its way right now; the next one is not.
      this.#batches.splice(this.#draining === undefined ? 0 : 1, 1)
      this.#observer.dropped()
    }
    // A batch that waits is not lost, so the reader has nothing to complain about.
    void this.#drainFor(done)
  }

  async forceFlush(): Promise<void> {
    await this.#drain()
    await this.#exporter.forceFlush()
  }

  async shutdown(): Promise<void> {
    await this.#drain()
    await this.#exporter.shutdown()
  }

  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    return this.#exporter.selectAggregationTemporality?.(instrumentType) ?? AggregationTemporality.DELTA
  }

  async #drainFor(done: (result: ExportResult) => void): Promise<void> {
    await this.#drain()
    done({ code: ExportResultCode.SUCCESS })
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#sendAll().finally(() => {
      this.#draining = undefined
    })
    return this.#draining
  }

  async #sendAll(): Promise<void> {
    for (let [oldest] = this.#batches; oldest !== undefined; [oldest] = this.#batches) {
      const { code, error } = await this.#send(oldest)
      this.#observer.exported(code === ExportResultCode.SUCCESS ? 'success' : 'failure')
      this.#tell(code !== ExportResultCode.SUCCESS, error)
      if (code !== ExportResultCode.SUCCESS) return
      this.#batches.shift()
    }
  }

  #send(metrics: ResourceMetrics): Promise<ExportResult> {
    return new Promise(resolve => {
      try {
        this.#exporter.export(metrics, resolve)
      } catch (error) {
        resolve({ code: ExportResultCode.FAILED, error: error as Error })
      }
    })
  }

  #tell(isFailing: boolean, error: Error | undefined): void {
    if (isFailing === this.#isFailing) return
    this.#isFailing = isFailing
    this.#observer.changed(isFailing, error)
  }
}
