import { setMaxListeners } from 'node:events'
import { ExecClient } from '../client/execgate-client.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { DelayProxy } from './delay-proxy.ts'
import type { ScenarioSettings, Stage, StageConnectOptions } from './scenario.ts'

export interface StageOptions {
  readonly url: string
  /** How far away the target should seem; 0: as far as it is. */
  readonly rttMs: number
  readonly settings: ScenarioSettings
  readonly mark: string
  readonly timers: Timers
  readonly signal: AbortSignal
}

/** A stage at one target. Disposing it closes its sessions together, then the ways to them. */
export class TargetStage implements Stage, AsyncDisposable {
  readonly settings: ScenarioSettings
  readonly mark: string
  readonly signal: AbortSignal
  readonly #options: StageOptions
  readonly #abort = new AbortController()
  /** Also those that are still connecting. */
  readonly #clients: Promise<ExecClient>[] = []
  readonly #proxies: DelayProxy[] = []
  readonly #deferred: (() => void)[] = []
  #url: string

  private constructor(options: StageOptions) {
    this.#options = options
    this.settings = options.settings
    this.mark = options.mark
    this.signal = AbortSignal.any([options.signal, this.#abort.signal])
    // Every session and operation listens.
    setMaxListeners(0, this.signal)
    this.#url = options.url
  }

  static async open(options: StageOptions): Promise<TargetStage> {
    const stage = new TargetStage(options)
    if (options.rttMs > 0) stage.#url = (await stage.openProxy()).url
    return stage
  }

  connect({ url = this.#url, stateChanged }: StageConnectOptions = {}): Promise<ExecClient> {
    const client = ExecClient.connect(url, {
      clientName: 'execgate-load',
      signal: this.signal,
      ...(stateChanged && { stateChanged }),
    })
    this.#clients.push(client)
    return client
  }

  async openProxy(): Promise<DelayProxy> {
    const { url, rttMs, timers } = this.#options
    const proxy = await DelayProxy.open(url, rttMs, timers)
    this.#proxies.push(proxy)
    return proxy
  }

  defer(action: () => void): void {
    this.#deferred.push(action)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the run is over'))
    for (const action of this.#deferred) action()
    await Promise.allSettled(
      this.#clients.map(async connecting => {
        const client = await connecting
        await client[Symbol.asyncDispose]()
      }),
    )
    await Promise.allSettled(this.#proxies.map(proxy => proxy[Symbol.asyncDispose]()))
  }
}
