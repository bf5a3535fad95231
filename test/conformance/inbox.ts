import type { Json } from './patterns.ts'

/** Below the time limit of a test, so that the failure says what did not come. */
const deadlineMs = 20_000

/** How a connection, or the program behind it, ended. */
export interface Ending {
  /** Code of the Close frame, or exit status of the program. */
  readonly code: number
  readonly reason: string
}

/** A received message. A line of a transcript claims the one it speaks of. */
export interface Message {
  readonly value: Json
  isClaimed: boolean
}

/** Everything one connection has received, for whoever waits for something in it. */
export class Inbox {
  readonly messages: Message[] = []
  #ending: Ending | undefined
  readonly #changed = new Set<() => void>()

  get ending(): Ending | undefined {
    return this.#ending
  }

  take(text: string): void {
    this.messages.push({ value: parseExactly(text), isClaimed: false })
    this.#change()
  }

  end(ending: Ending): void {
    this.#ending = ending
    this.#change()
  }

  /**
   * The first thing `find` finds, now or after a later message.
   * @throws when the connection ends before, or nothing is found for a long time
   */
  async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>()
    const look = () => {
      const found = find()
      if (found !== undefined) return resolve(found)
      const ending = this.#ending
      if (ending !== undefined) reject(new Error(`the connection ended (${ending.code}) before ${what} came`))
    }
    const deadline = setTimeout(() => {
      reject(new Error(`${what} did not come`))
    }, deadlineMs)
    this.#changed.add(look)
    look()
    try {
      return await promise
    } finally {
      this.#changed.delete(look)
      clearTimeout(deadline)
    }
  }

  #change(): void {
    for (const look of this.#changed) look()
  }
}

/** Parses a message; integers beyond 2^53 - 1, which ids may be, keep their digits. */
function parseExactly(text: string): Json {
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    const isLarge = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
    return isLarge && context?.source !== undefined ? BigInt(context.source) : value
  }) as Json
}
