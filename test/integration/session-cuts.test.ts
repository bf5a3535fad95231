import fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberedLines } from '../support/numbered-lines.ts'
import { ResumingClient } from '../support/resuming-client.ts'
import { startGateway } from '../support/start-gateway.ts'
import { type Link, TcpProxy } from '../support/tcp-proxy.ts'
import { untilStill } from '../support/until-still.ts'

/** What becomes of one connection. */
type Fate =
  /** It breaks after so many bytes to the client, in the middle of whatever that is. */
  | { readonly cutAfterBytes: number }
  /** The client stops reading; the connection breaks when the gateway cannot send any more. */
  | 'stuck'

const fate: fc.Arbitrary<Fate> = fc.oneof(
  // The upgrade, the handshake and the reply that catches up.
  fc.record({ cutAfterBytes: fc.integer({ min: 0, max: 2000 }) }),
  fc.record({ cutAfterBytes: fc.integer({ min: 2000, max: 1_000_000 }) }),
  fc.record({ cutAfterBytes: fc.integer({ min: 1_000_000, max: 14_000_000 }) }),
  fc.constant<Fate>('stuck'),
)

const exitCode = 7

/** Two streams at the same time, so that their numbers interleave. */
function writing(stdoutLines: number, stderrLines: number): string[] {
  return ['/bin/sh', '-c', `seq 1 ${stdoutLines} & seq 1 ${stderrLines} >&2; wait; exit ${exitCode}`]
}

test('a process that writes while its connections break loses nothing', { timeout: 300_000 }, async () => {
  const scenario = fc.record({
    fates: fc.array(fate, { minLength: 1, maxLength: 6 }),
    stdoutLines: fc.constantFrom(1000, 300_000, 2_500_000),
    stderrLines: fc.constantFrom(1, 100_000),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ fates, stdoutLines, stderrLines }) => {
      const [first, ...others] = fates
      const remaining = [...others]
      let current: Fate | undefined
      await using gateway = await startGateway()
      const meet = (link: Link, fate: Fate | undefined) => {
        current = fate
        if (typeof fate === 'object') link.cutAfter('down', fate.cutAfterBytes)
      }
      await using proxy = await TcpProxy.open(gateway.url, link => {
        if (isStarted) meet(link, remaining.shift())
      })
      let isStarted = false
      await using client = await ResumingClient.open(proxy.url)
      const process = await client.start('p', writing(stdoutLines, stderrLines))
      isStarted = true
      meet(proxy.link, first)
      while (!process.isClosed) {
        if (current === 'stuck') {
          client.peer.socket.pause()
          await untilStill(() => proxy.link.passedBytes('down'))
          await client.peer.cut()
        }
        await client.orGivenUp(Promise.race([process.closed, client.peer.closed]))
        if (!process.isClosed) await client.resume()
      }
      expect(process.exitCode).toBe(exitCode)
      expect(process.output('stdout').equals(numberedLines(1, stdoutLines))).toBe(true)
      expect(process.output('stderr').equals(numberedLines(1, stderrLines))).toBe(true)
    }),
    { numRuns: 20, endOnFailure: true },
  )
})
