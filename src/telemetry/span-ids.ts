import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from '@opentelemetry/sdk-trace'

/** Random bytes are drawn this many at a time: each draw is a system call. */
const poolBytes = 4096
const traceIdBytes = 16
const spanIdBytes = 8

/** Random ids of spans, and those a span has been promised before it is made. W3C Trace Context, 3.2.2 */
export class SpanIds implements IdGenerator {
  readonly #pool = Buffer.allocUnsafe(poolBytes)
  #used = poolBytes
  #promised: { readonly traceId: string; readonly spanId: string } | undefined

  generateTraceId(): string {
    return this.#promised?.traceId ?? this.#random(traceIdBytes)
  }

  generateSpanId(): string {
    return this.#promised?.spanId ?? this.#random(spanIdBytes)
  }

  /** Gives the span that is made meanwhile the ids that were told of it, if any were. */
  keeping<Made>(promised: { readonly traceId: string; readonly spanId: string } | undefined, make: () => Made): Made {
    this.#promised = promised
    try {
      return make()
    } finally {
      this.#promised = undefined
    }
  }

  #random(bytes: number): string {
    if (this.#used + bytes > poolBytes) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const start = this.#used
    this.#used += bytes
    return this.#pool.toString('hex', start, this.#used)
  }
}
