import type { Logger } from 'pino'
import type { Timers } from '../lifecycle/timers.ts'
import type { WatchdogStart } from './watchdog-start.ts'

/** Environment variable that marks every child of a gateway, inherited by whatever the child starts. */
export const instanceMarker = 'EXECGATE_INSTANCE'

/** How long its last look for leftovers is waited for. */
const maxEndMs = 2000
/** A watchdog that dies sooner than this is not started again. */
const minLifetimeMs = 1000
/** When one cannot be started again, for want of descriptors or processes, until the next attempt. */
const retryMs = 5000

/**
 * Waits for its input to end, which happens when the gateway is gone, however it went. Then kills every process that carries
 * the mark, until none is left or ten rounds are over: a process may fork while it is looked for. `grep -z` takes the
 * NUL-separated entries of an environment for lines; a mark goes on after the part that names the gateway.
 */
const script = `
read -r nothing
for round in 1 2 3 4 5 6 7 8 9 10; do
  pids=$(grep -lsz "^$1" /proc/[0-9]*/environ | tr -dc '0-9\\n')
  [ -n "$pids" ] || exit 0
  kill -9 $pids
done
`

/**
 * A shell outside the gateway that ends the gateway's processes when it is gone, even by SIGKILL. It costs one process of
 * about a megabyte and nothing while it waits.
 */
export class Watchdog implements AsyncDisposable {
  readonly #startShell: WatchdogStart
  readonly #instance: string
  readonly #log: Logger
  readonly #timers: Timers
  #lifeline: Disposable | undefined
  #exited = Promise.resolve()
  #retry: Disposable | undefined
  #isDisposed = false

  private constructor(options: WatchdogOptions) {
    this.#startShell = options.start
    this.#instance = options.instance
    this.#log = options.log
    this.#timers = options.timers
    this.#start()
  }

  static start(options: WatchdogOptions): Watchdog {
    return new Watchdog(options)
  }

  /** Lets go of the watchdog: it looks for leftovers once more and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#retry?.[Symbol.dispose]()
    this.#cutLifeline()
    const { promise, resolve } = Promise.withResolvers<void>()
    // Also keeps the program alive: waiting for a child does not.
    using _deadline = this.#timers.after(maxEndMs, resolve)
    await Promise.race([this.#exited, promise])
  }

  #start(): void {
    const startedAt = performance.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    const argv = [
      'execgate-watchdog',
      '-c',
      script,
      'execgate-watchdog',
      `${instanceMarker}=${this.#instance}`,
    ] as const
    this.#lifeline = this.#startShell(argv, () => {
      resolve()
      this.#ended(performance.now() - startedAt)
    })
    this.#exited = promise
  }

  #ended(lifetimeMs: number): void {
    this.#cutLifeline()
    if (this.#isDisposed) return
    if (lifetimeMs < minLifetimeMs) {
      this.#log.error('the watchdog ends at once; processes will outlive a gateway that is killed')
      return
    }
    this.#log.warn('the watchdog was killed and is started again')
    this.#startAgain()
  }

  /** The gateway goes on without one as long as it has to. */
  #startAgain(): void {
    try {
      this.#start()
    } catch (error) {
      this.#log.error({ err: error }, 'the watchdog cannot be started; until then processes outlive a killed gateway')
      this.#retry = this.#timers.after(retryMs, () => this.#startAgain())
    }
  }

  #cutLifeline(): void {
    this.#lifeline?.[Symbol.dispose]()
    this.#lifeline = undefined
  }
}

export interface WatchdogOptions {
  readonly start: WatchdogStart
  /** How the marks of this gateway's children begin. */
  readonly instance: string
  readonly log: Logger
  readonly timers: Timers
}
