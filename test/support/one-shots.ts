import type { Conversation } from './conversation.ts'

/** Commands that do nothing, one after the other, and how long each takes. */
export class OneShots {
  readonly #client: Conversation
  #count = 0

  constructor(client: Conversation) {
    this.#client = client
  }

  /** @returns milliseconds of each, from the request to the last notification */
  async times(count: number): Promise<number[]> {
    const times: number[] = []
    for (let index = 0; index < count; index++) {
      const processId = `one-shot ${++this.#count}`
      const startedAt = performance.now()
      await this.#client.start(processId, ['/bin/true'])
      await this.#client.event(processId, 'process/closed')
      times.push(performance.now() - startedAt)
      this.#client.received.length = 0
    }
    return times
  }
}
