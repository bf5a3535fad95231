import type { Duplex } from 'node:stream'
import type { Timers } from '../lifecycle/timers.ts'

/** On the way at the same time; beyond it the sender is not read. Enough for 400 MB/s over 40 ms. */
const maxBytesOnTheWay = 16 * 1024 * 1024

interface Parcel {
  readonly dueMs: number
  /** Undefined: the sender has nothing more to say. */
  readonly bytes: Buffer | undefined
}

/**
 * One direction of a connection that takes a while: everything arrives in order and as late as it should, however much is on
 * the way. A receiver that does not read holds up the sender.
 */
export class DelayLine {
  readonly #from: Duplex
  readonly #to: Duplex
  readonly #delayMs: number
  readonly #timers: Timers
  readonly #parcels: Parcel[] = []
  #bytesOnTheWay = 0
  #isHeldBack = false
  #timer: Disposable | undefined

  private constructor(from: Duplex, to: Duplex, delayMs: number, timers: Timers) {
    this.#from = from
    this.#to = to
    this.#delayMs = delayMs
    this.#timers = timers
  }

  /** It ends with its sockets. */
  static join(from: Duplex, to: Duplex, delayMs: number, timers: Timers): DelayLine {
    const line = new DelayLine(from, to, delayMs, timers)
    from.on('data', (bytes: Buffer) => {
      line.#send(bytes)
    })
    from.on('end', () => {
      line.#send(undefined)
    })
    to.on('drain', line.#deliver)
    to.on('close', () => line.#timer?.[Symbol.dispose]())
    return line
  }

  /** Lets nothing through until it is let go on. */
  holdBack(): void {
    this.#isHeldBack = true
  }

  letThrough(): void {
    this.#isHeldBack = false
    this.#deliver()
  }

  #send(bytes: Buffer | undefined): void {
    this.#parcels.push({ dueMs: performance.now() + this.#delayMs, bytes })
    this.#bytesOnTheWay += bytes?.length ?? 0
    if (this.#bytesOnTheWay >= maxBytesOnTheWay) this.#from.pause()
    this.#deliver()
  }

  readonly #deliver = (): void => {
    for (let [next] = this.#parcels; next !== undefined; [next] = this.#parcels) {
      if (this.#isHeldBack || this.#to.writableNeedDrain || this.#to.destroyed) return
      const restMs = next.dueMs - performance.now()
      if (restMs > 0) return this.#comeBack(restMs)
      this.#parcels.shift()
      this.#bytesOnTheWay -= next.bytes?.length ?? 0
      if (next.bytes === undefined) this.#to.end()
      else this.#to.write(next.bytes)
      if (this.#bytesOnTheWay < maxBytesOnTheWay) this.#from.resume()
    }
  }

  /** Timers may come early as well as late: `deliver` looks again. */
  #comeBack(restMs: number): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#timers.after(Math.ceil(restMs), this.#deliver)
  }
}
