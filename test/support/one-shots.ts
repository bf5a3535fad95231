import type { Peer } from './peer.ts'

const perTurn = 10

/** Commands that do nothing, one after the other, and how long each takes. */
export class OneShots {
  readonly #peer: Peer
  #count = 0

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** @returns milliseconds of each, from the request to the last notification */
  async turn(): Promise<number[]> {
    const times: number[] = []
    for (let index = 0; index < perTurn; index++) {
      const processId = `one-shot ${++this.#count}`
      const startedAt = performance.now()
      await this.#peer.start(processId, ['/bin/true'])
      await this.#peer.event(processId, 'process/closed')
      times.push(performance.now() - startedAt)
      this.#peer.received.length = 0
    }
    return times
  }
}
