import { isTransportLoss } from './call-errors.ts'

/** Losses in a row after which what was attempted fails. */
const maxLosses = 8
/** Between two attempts, and how long one has to last so that its loss is an outage like any other. */
const maxPauseMs = 5000

export interface RepeatOptions {
  /** The first pause. */
  readonly retryMs: number
  pause(ms: number): Promise<void>
  /** Whether the attempt that was lost has got further than those before it: then the next is due at once. Default: it has not. */
  readonly hasAdvanced?: (() => boolean) | undefined
}

/**
 * Makes an attempt again when its connection breaks under it: at once, as most often the network was the reason. Then after pauses
 * that double, as it may be the attempt itself that the server, or something before it, cannot bear.
 * @throws GatewayError `disconnected` when it is lost again and again; whatever else it fails with
 */
export async function repeated<Value>(attempt: () => Promise<Value>, options: RepeatOptions): Promise<Value> {
  for (let losses = 0; ; losses += 1) {
    const startedAt = performance.now()
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() - startedAt >= maxPauseMs || options.hasAdvanced?.() === true) losses = 0
      if (!isTransportLoss(error) || losses + 1 >= maxLosses) throw error
    }
    if (losses > 0) await options.pause(Math.min(options.retryMs * 2 ** (losses - 1), maxPauseMs))
  }
}
