import type { WriteStream } from 'node:tty'

const width = 30

/** How far something is, on a terminal; elsewhere nothing is written. Disposing it leaves the line empty. */
export class ProgressBar implements Disposable {
  readonly #terminal: Pick<WriteStream, 'isTTY' | 'write'>
  #shown = ''

  constructor(terminal: Pick<WriteStream, 'isTTY' | 'write'>) {
    this.#terminal = terminal
  }

  /** `share`: from 0 to 1. Written when there is something else to see. */
  show(share: number, label: string): void {
    if (!this.#terminal.isTTY) return
    const filled = Math.round(share * width)
    const percent = String(Math.round(share * 100)).padStart(3)
    const line = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent} % ${label}`
    if (line === this.#shown) return
    this.#shown = line
    this.#terminal.write(`\r\x1b[K${line}`)
  }

  [Symbol.dispose](): void {
    if (this.#shown !== '') this.#terminal.write('\r\x1b[K')
    this.#shown = ''
  }
}
