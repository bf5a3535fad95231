import { readdirSync, readFileSync } from 'node:fs'
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { memoryKinds } from './catalogue.ts'
import type { Gauges } from './instruments.ts'

/** How finely the delay of the event loop is sampled. */
const resolutionMs = 20
/** Readers collect at different times; what each is shown is the last window that is over, which covers at least this long. */
const windowMs = 10_000

export type RuntimeGauges = Pick<
  Gauges,
  'startTime' | 'heartbeat' | 'eventLoopDelay' | 'eventLoopUtilization' | 'memory' | 'openFds' | 'maxFds'
>

/** The gateway as a program: its event loop, memory and descriptors. */
export class RuntimeMonitor implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  #startedAt = performance.now()
  /** Until a window is over there is no other to show than the one that has begun. */
  #isFirst = true
  #since: EventLoopUtilization = performance.eventLoopUtilization()
  #seen = { p50: 0, p99: 0, max: 0, utilization: 0 }
  readonly gauges: RuntimeGauges

  constructor() {
    this.#delay.enable()
    const maxFds = readMaxFds()
    this.gauges = {
      startTime: observe => observe(performance.timeOrigin / 1000, {}),
      heartbeat: observe => observe(Date.now() / 1000, {}),
      eventLoopDelay: observe => {
        const { p50, p99, max } = this.#look()
        observe(p50, { statistic: 'p50' })
        observe(p99, { statistic: 'p99' })
        observe(max, { statistic: 'max' })
      },
      eventLoopUtilization: observe => observe(this.#look().utilization, {}),
      memory: observe => {
        const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
        const bytes = { rss, heap_used: heapUsed, heap_total: heapTotal, external, array_buffers: arrayBuffers }
        for (const kind of memoryKinds) observe(bytes[kind], { kind })
      },
      openFds: observe => observe(countOpenFds(), {}),
      maxFds: observe => observe(maxFds, {}),
    }
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }

  #look(): { p50: number; p99: number; max: number; utilization: number } {
    const now = performance.now()
    const since = performance.eventLoopUtilization(this.#since)
    // The sampling interval itself is not delay.
    const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000)
    const isOver = now - this.#startedAt >= windowMs
    if (this.#delay.count > 0 && (isOver || this.#isFirst)) {
      this.#seen = {
        p50: seconds(this.#delay.percentile(50)),
        p99: seconds(this.#delay.percentile(99)),
        max: seconds(this.#delay.max),
        utilization: since.utilization,
      }
    }
    if (isOver) {
      this.#isFirst = false
      this.#delay.reset()
      this.#startedAt = now
      this.#since = performance.eventLoopUtilization()
    }
    return this.#seen
  }
}

function countOpenFds(): number {
  try {
    // One of them is the directory that is being read.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return -1
  }
}

function readMaxFds(): number {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined || soft === 'unlimited' ? -1 : Number(soft)
  } catch {
    return -1
  }
}
