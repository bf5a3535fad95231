import { GatewayError } from '../protocol/gateway-error.ts'

/** Calls in flight on one connection. */
const maxCalls = 1024

/** Which slots a call may take: `cleanup` has one of its own when all others are taken. */
export type Lane = 'regular' | 'cleanup'

/**
 * The places of the calls in flight. A call keeps its place until its caller has been told, however early the reply comes,
 * so that a server cannot widen the limit.
 */
export class CallSlots {
  #regular = 0
  #isReserveTaken = false

  /** Takes a place; undefined when there is none, not even the reserve. */
  take(lane: Lane): Disposable | undefined {
    if (this.#regular < maxCalls) {
      this.#regular += 1
      return once(() => {
        this.#regular -= 1
      })
    }
    if (lane === 'regular' || this.#isReserveTaken) return undefined
    this.#isReserveTaken = true
    return once(() => {
      this.#isReserveTaken = false
    })
  }

  static refusal(): GatewayError {
    const message = `exec-server protocol error: exec-server has reached its limit of ${maxCalls} pending requests`
    return GatewayError.limit('maxCalls', maxCalls, message)
  }
}

function once(release: () => void): Disposable {
  let isHeld = true
  return {
    [Symbol.dispose]: () => {
      if (isHeld) release()
      isHeld = false
    },
  }
}
