import type { ProgressBar } from '../progress-bar.ts'
import { shownBytes } from '../quantities.ts'

/** How far a copy of some files is: counts, and shows it on the terminal. */
export class CopiedBytes {
  readonly #bar: ProgressBar
  readonly #files: number
  #done = 0
  #total = 0

  constructor(bar: ProgressBar, files: number) {
    this.#bar = bar
    this.#files = files
  }

  /** Passes the bytes of one file on. Without a size it is not known how far it is. */
  async *counted(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const chunk of source) {
      yield chunk
      bytes += chunk.length
      this.#total += chunk.length
      this.#show(size > 0 ? Math.min(bytes / size, 1) : 0)
    }
    this.#done += 1
    this.#show(0)
  }

  #show(shareOfFile: number): void {
    const files = this.#files === 1 ? '' : `, ${this.#done} of ${this.#files} files`
    this.#bar.show((this.#done + shareOfFile) / this.#files, `${shownBytes(this.#total)}${files}`)
  }
}
