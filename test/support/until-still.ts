import { setTimeout as delay } from 'node:timers/promises'

const periodMs = 5
/** Turns without a change after which something counts as standing still. */
const quietTurns = 20

/**
 * Waits until a number has stopped changing, for a peer or a process that is held back and tells nobody. Takes a pause
 * of the machine for a standstill, hence what a test expects must hold without one as well.
 * @returns the number
 */
export async function untilStill(read: () => number): Promise<number> {
  let last = read()
  for (let turns = 0; turns < quietTurns; turns++) {
    await delay(periodMs)
    const now = read()
    if (now !== last) turns = 0
    last = now
  }
  return last
}
