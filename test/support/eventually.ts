import { setTimeout as delay } from 'node:timers/promises'

/** Below the time limit of a test, so that the message says what did not happen. */
const deadlineMs = 20_000
const periodMs = 5

/** Waits for something that announces itself to nobody here, such as the end of a foreign process. */
export async function eventually(condition: () => boolean, expected: string): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > deadlineMs) throw new Error(`in vain waited until ${expected}`)
    await delay(periodMs)
  }
}
