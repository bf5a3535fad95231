import type { WriteStream } from 'node:tty'

const width = 30

/** What progress may be shown on. `columns`: 0 and undefined where it is not known. */
type Screen = Pick<WriteStream, 'isTTY' | 'write'> & Partial<Pick<WriteStream, 'columns'>>

/** How far something is, on a terminal; elsewhere nothing is written. Disposing it leaves the line empty. */
export class ProgressBar implements Disposable {
  readonly #terminal: Screen
  #shown = ''

  constructor(terminal: Screen) {
    this.#terminal = terminal
  }

  /** `share`: from 0 to 1. Written when there is something else to see. */
  show(share: number, label: string): void {
    if (!this.#terminal.isTTY) return
    const filled = Math.round(share * width)
    const percent = String(Math.round(share * 100)).padStart(3)
    const whole = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent} % ${label}`
    // A line that is broken cannot be written over.
    const line = whole.slice(0, (this.#terminal.columns || Infinity) - 1)
    if (line === this.#shown) return
    this.#shown = line
    this.#terminal.write(`\r\x1b[K${line}`)
  }

  [Symbol.dispose](): void {
    if (this.#shown !== '') this.#terminal.write('\r\x1b[K')
    this.#shown = ''
  }
}
