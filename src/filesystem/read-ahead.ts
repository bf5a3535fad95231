/**
 * Reads what will be needed soon while something else is being worked on. A read that fails is forgotten: whoever needs the
 * value reads again.
 */
export class ReadAhead<Key, Value extends AsyncDisposable> implements AsyncDisposable {
  readonly #begun = new Map<Key, Promise<Value | undefined>>()
  readonly #read: (key: Key) => Promise<Value>

  constructor(read: (key: Key) => Promise<Value>) {
    this.#read = read
  }

  /** Begins with those that have not been begun. */
  begin(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#begun.has(key)) continue
      const value = this.#read(key).catch(() => undefined)
      this.#begun.set(key, value)
    }
  }

  /** Hands the value over, which the caller disposes; undefined when there is none. */
  async take(key: Key): Promise<Value | undefined> {
    const value = this.#begun.get(key)
    this.#begun.delete(key)
    return value
  }

  /** Waits for everything that was begun and disposes what nobody has taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    const values = await Promise.all(this.#begun.values())
    this.#begun.clear()
    await using taken = new AsyncDisposableStack()
    for (const value of values) taken.use(value)
  }
}
