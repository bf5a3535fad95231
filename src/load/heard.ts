import { orAborted } from '../client/deadline.ts'

/** As much as may be said that nobody waits for. */
const maxTailLength = 4096

/** Text as it arrives in pieces, for whoever waits for something to be said. */
export class Heard {
  #text = ''
  #news = Promise.withResolvers<void>()

  private constructor() {
    this.#news.promise.catch(() => {})
  }

  /** Listens until the pieces end, in whichever way. */
  static listen(pieces: AsyncIterable<Buffer>): Heard {
    const heard = new Heard()
    void heard.#take(pieces)
    return heard
  }

  /**
   * Resolves when this has been said, and forgets everything up to it. One waits at a time.
   * @throws what ended the pieces, or the reason of the signal
   */
  async until(expected: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const at = this.#text.indexOf(expected)
      if (at !== -1) {
        this.#text = this.#text.slice(at + expected.length)
        return
      }
      await orAborted(this.#news.promise, signal)
    }
  }

  async #take(pieces: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const piece of pieces) {
        this.#text = (this.#text + piece.toString()).slice(-maxTailLength)
        const news = this.#news
        this.#news = Promise.withResolvers<void>()
        this.#news.promise.catch(() => {})
        news.resolve()
      }
      this.#news.reject(new Error('there is nothing more to hear'))
    } catch (error) {
      this.#news.reject(error)
    }
  }
}
