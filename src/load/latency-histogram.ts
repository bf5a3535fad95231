import { build, type Histogram } from 'hdr-histogram-js'

/** Values are kept in microseconds: a round trip on loopback takes some tens of them. */
const unitsPerMs = 1000
/** What takes longer counts as this long. */
const highestMs = 3_600_000
/** Each value is off by a thousandth at most, however many there are. */
const significantDigits = 3

/**
 * How long things took: every value counts, in a fixed amount of memory, with the same relative precision for microseconds
 * and minutes. An HDR histogram, https://hdrhistogram.org.
 */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    highestTrackableValue: highestMs * unitsPerMs,
    numberOfSignificantValueDigits: significantDigits,
  })

  get count(): number {
    return this.#histogram.totalCount
  }

  /** Milliseconds; undefined without values, like all the others. */
  get maxMs(): number | undefined {
    return this.count === 0 ? undefined : this.#histogram.maxValue / unitsPerMs
  }

  recordMs(ms: number): void {
    const units = Math.round(ms * unitsPerMs)
    this.#histogram.recordValue(Math.min(Math.max(units, 0), highestMs * unitsPerMs))
  }

  /** The value that this many per cent of all values do not exceed. */
  percentileMs(percent: number): number | undefined {
    if (this.count === 0) return undefined
    return Math.min(this.#histogram.getValueAtPercentile(percent), this.#histogram.maxValue) / unitsPerMs
  }

  /** Values in order, evenly spread over all there are: enough to draw them. */
  spreadMs(points: number): number[] {
    const size = Math.min(points, this.count)
    return Array.from({ length: size }, (_, index) => this.percentileMs(((index + 0.5) / size) * 100) ?? 0)
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram)
  }
}
