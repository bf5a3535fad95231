import { GatewayError } from '../protocol/gateway-error.ts'
import { Guard } from '../lifecycle/ledger.ts'

/** The names of streams that are under way, for each of those they are sent to. */
export class ActiveStreams {
  readonly #idsOf = new WeakMap<object, Set<string>>()

  /**
   * Takes the name until the guard is disposed.
   * @throws GatewayError when it is taken
   */
  reserve(owner: object, requestId: string): Disposable {
    const ids = this.#idsOf.get(owner) ?? new Set()
    this.#idsOf.set(owner, ids)
    if (ids.has(requestId)) {
      const message = `http/request streamResponse requestId \`${requestId}\` is already active`
      throw new GatewayError('invalidParams', message, { data: { field: 'requestId' } })
    }
    ids.add(requestId)
    return new Guard(() => ids.delete(requestId))
  }
}
