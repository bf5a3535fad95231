import type { LinkState } from '../../client/link.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { orAborted } from '../../client/deadline.ts'
import type { Scenario } from '../scenario.ts'

export const reconnect: Scenario = {
  help: 'cut --sessions connections at once and wait until all their sessions are resumed.',
  prepare: async stage => {
    const proxy = await stage.openProxy()
    const comebacks = Array.from({ length: stage.settings.sessions }, () => new Comeback())
    await Promise.all(
      comebacks.map(comeback => stage.connect({ url: proxy.url, stateChanged: state => comeback.changed(state) })),
    )
    return async signal => {
      const back = Promise.all(comebacks.map(comeback => comeback.next()))
      proxy.cut()
      await orAborted(back, signal)
      return {}
    }
  },
}

/** The way of one session from a cut to its resumption. */
class Comeback {
  #waiting = Promise.withResolvers<void>()

  /** Resolves when the session is resumed the next time. */
  next(): Promise<void> {
    this.#waiting = Promise.withResolvers<void>()
    this.#waiting.promise.catch(() => {})
    return this.#waiting.promise
  }

  changed(state: LinkState): void {
    if (state === 'connected') this.#waiting.resolve()
    if (state === 'failed') this.#waiting.reject(new GatewayError('sessionLost', 'a session could not be resumed'))
  }
}
