import { readFileSync } from 'node:fs'

/** Events that the kernel keeps for a program by default. inotify(7) */
const defaultQueued = 16_384

/**
 * Notices that events of watches may have been lost. The kernel keeps so many of them for this process and drops the rest, which Node
 * does not tell; those that were kept come in one turn of the event loop. Some are about what is not watched any more and are not
 * seen: half of them in one turn is taken for a loss.
 */
export class EventBursts {
  readonly #limit: number
  readonly #watches = new Set<() => void>()
  #count = 0

  constructor(limit = Math.ceil(queuedEvents() / 2)) {
    this.#limit = limit
  }

  /** To be told of every event. */
  happened(): void {
    if (this.#count === 0) {
      setImmediate(() => {
        this.#count = 0
      })
    }
    this.#count += 1
    if (this.#count !== this.#limit) return
    for (const lost of this.#watches) lost()
  }

  /** Calls each time that events may have been lost, until it is disposed. */
  whenLost(lost: () => void): Disposable {
    this.#watches.add(lost)
    return { [Symbol.dispose]: () => void this.#watches.delete(lost) }
  }
}

function queuedEvents(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1')) || defaultQueued
  } catch {
    return defaultQueued
  }
}
