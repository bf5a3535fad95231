/** Bytes that may be held at the same time, by whoever holds them. */
export class ByteAllowance {
  readonly #limitBytes: number
  readonly #refusal: (heldBytes: number) => Error
  #heldBytes = 0

  /** @param refusal what is thrown beyond the limit, given what is held already */
  constructor(limitBytes: number, refusal: (heldBytes: number) => Error) {
    this.#limitBytes = limitBytes
    this.#refusal = refusal
  }

  /**
   * Holds so many more until what is returned is disposed. What comes while nothing is held may have any size.
   * @throws the refusal
   */
  hold(bytes: number): Disposable {
    const isTooMuch = this.#heldBytes + bytes > this.#limitBytes
    if (isTooMuch && this.#heldBytes > 0 && bytes > 0) throw this.#refusal(this.#heldBytes)
    this.#heldBytes += bytes
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#heldBytes -= bytes
        isHeld = false
      },
    }
  }
}
