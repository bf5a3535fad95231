import type { Readable } from 'node:stream'

interface Waiting {
  readonly expected: string | RegExp
  readonly found: () => void
  readonly failed: (error: Error) => void
}

/** Everything a stream has brought so far, as text. */
export class CollectedText {
  text = ''
  /** Resolves with everything when the stream has ended, in whichever way. */
  readonly ended: Promise<string>
  readonly #waiting = new Set<Waiting>()

  constructor(stream: Readable) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      this.text += text
      for (const waiting of this.#waiting) if (this.#has(waiting.expected)) waiting.found()
    })
    this.ended = new Promise(resolve => {
      stream.once('close', () => {
        for (const { expected, failed } of this.#waiting) failed(this.#absence(expected))
        resolve(this.text)
      })
    })
  }

  /** Resolves once the text has come, rejects when the stream ends without it. */
  contains(expected: string | RegExp): Promise<void> {
    if (this.#has(expected)) return Promise.resolve()
    return new Promise((resolve, failed) => {
      const waiting: Waiting = {
        expected,
        found: () => {
          this.#waiting.delete(waiting)
          resolve()
        },
        failed,
      }
      this.#waiting.add(waiting)
    })
  }

  #has(expected: string | RegExp): boolean {
    return typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text)
  }

  #absence(expected: string | RegExp): Error {
    return new Error(`${String(expected)} is not in ${JSON.stringify(this.text)}`)
  }
}
