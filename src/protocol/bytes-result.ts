import type { ChunkMessage } from './outgoing-message.ts'

/** A result with one member of base64 whose bytes stay as they are until the message is written. */
export class BytesResult<Result extends object> {
  readonly #member: string
  readonly #bytes: Buffer
  readonly #others: object

  constructor(member: keyof Result & string, bytes: Buffer, others: Omit<Result, typeof member>) {
    this.#member = member
    this.#bytes = bytes
    this.#others = others
  }

  /** The message that has the result between two texts. */
  between(before: string, after: string): ChunkMessage {
    const others = JSON.stringify(this.#others).slice(1)
    return {
      before: `${before}{${JSON.stringify(this.#member)}:"`,
      chunk: this.#bytes,
      after: `"${others === '}' ? '' : ','}${others}${after}`,
    }
  }
}
