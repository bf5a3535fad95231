import { isUtf8 } from 'node:buffer'
import { leastLongBytes } from './long-base64.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const brace = 0x7b

/** What the input contained. */
export interface LineEvents {
  line(text: string): void
  /** The same for a line that is long and begins like a message, still as bytes: valid UTF-8. Without it there is only `line`. */
  longLine?(bytes: Buffer): void
  /** A line is longer than the limit; `failed` follows. */
  overlong?(): void
  /** The input cannot be read any further: a line is too long or not UTF-8. Called at most once. */
  failed(detail: string): void
}

/**
 * Cuts a byte stream into lines of UTF-8 text. Lines end with LF or CR LF; blank ones are skipped; the limit is for the text
 * without its terminator, and is noticed before the terminator arrives.
 */
export class LineReader {
  readonly #events: LineEvents
  readonly #maxBytes: number
  readonly #strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #partial: Buffer[] = []
  #partialBytes = 0
  #isFailed = false

  constructor(events: LineEvents, maxBytes: number) {
    this.#events = events
    this.#maxBytes = maxBytes
  }

  push(bytes: Buffer): void {
    let rest = bytes
    while (!this.#isFailed) {
      const end = rest.indexOf(lineFeed)
      if (end < 0) break
      this.#take(rest.subarray(0, end))
      this.#emit()
      rest = rest.subarray(end + 1)
    }
    if (this.#isFailed || rest.length === 0) return
    this.#take(rest)
    const mayEndWithTerminator = rest.at(-1) === carriageReturn ? 1 : 0
    if (this.#partialBytes - mayEndWithTerminator > this.#maxBytes) this.#failOverlong()
  }

  /** The input is over: a last line without terminator counts. */
  end(): void {
    if (!this.#isFailed) this.#emit()
  }

  #take(bytes: Buffer): void {
    this.#partial.push(bytes)
    this.#partialBytes += bytes.length
  }

  #emit(): void {
    const joined = this.#partial.length === 1 ? this.#partial[0] : Buffer.concat(this.#partial, this.#partialBytes)
    this.#partial = []
    this.#partialBytes = 0
    if (joined === undefined) return
    const line = joined.at(-1) === carriageReturn ? joined.subarray(0, -1) : joined
    if (line.length > this.#maxBytes) return this.#failOverlong()
    if (this.#events.longLine !== undefined && line.length > leastLongBytes && line[0] === brace && isUtf8(line)) {
      return this.#events.longLine(line)
    }
    let text: string
    try {
      text = this.#strictText.decode(line)
    } catch {
      return this.#fail('the input is not valid UTF-8')
    }
    if (text.trim() !== '') this.#events.line(text)
  }

  #failOverlong(): void {
    this.#events.overlong?.()
    this.#fail(`the message is longer than ${this.#maxBytes} bytes`)
  }

  #fail(detail: string): void {
    this.#isFailed = true
    this.#partial = []
    this.#events.failed(detail)
  }
}
