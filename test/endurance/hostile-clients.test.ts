import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scale, seed, timeout } from '../support/endurance-scale.ts'
import { visit } from '../support/hostile-client.ts'
import { hostility } from '../support/hostile-messages.ts'
import { heldBytes } from '../support/memory-in-use.ts'
import { startGateway } from '../support/start-gateway.ts'

const messages = 10_000 * scale
const perVisit = 40
/** Visits at the same time. */
const together = 8

const visits = fc.record({
  hostilities: fc.array(hostility, { minLength: perVisit, maxLength: perVisit }),
  shakesHands: fc.constantFrom(true, true, true, false),
  leaves: fc.constantFrom('in order' as const, 'abruptly' as const),
})

async function storm(url: string): Promise<void> {
  const batch = perVisit * together
  for (let sent = 0; sent < messages; sent += batch) {
    const samples = fc.sample(visits, { seed: seed + sent, numRuns: together })
    await Promise.all(samples.map(each => visit(url, each)))
  }
}

test('hostile messages cost no memory that is not given back', { timeout }, async () => {
  await using gateway = await startGateway({ limits: { maxSessions: 100_000, detachedSessionMs: 100 } })
  const held = async () => {
    await storm(gateway.url)
    await expect.poll(() => [...gateway.gateway.sessions()].length, { timeout: 30_000 }).toBe(0)
    return heldBytes()
  }
  // The first makes the program as large as it gets: code, buffers, what is remembered up to a limit.
  const first = await held()
  const second = await held()
  expect(second / first).toBeLessThan(1.05)
  const peer = await gateway.connect()
  expect((await peer.run('p', 'exit 7')).exitCode).toBe(7)
})
