import { expect, test } from 'vitest'
import { scale, timeout } from '../support/endurance-scale.ts'
import { ForeignProcess } from '../support/foreign-process.ts'
import { startFound } from '../support/found-process.ts'
import { anyPort, Program } from '../support/program.ts'

/** A hundred times as many are the ten gigabytes that are promised to be harmless. */
const outputBytes = 100_000_000 * scale

/** What is in flight, what is kept to be read again, the buffers of a socket, and what a collector of garbage leaves lying. */
const maxGrowthKib = 48 * 1024

/** How often the client stops again before it has everything. */
const stops = 5

const zeros = (bytes: number) => `echo $$; exec head -c ${bytes} /dev/zero`

test(
  'a client that reads nothing of gigabytes costs a bounded amount, and gets all of it in the end',
  {
    timeout,
  },
  async () => {
    await using program = await Program.listening(['exec-server', ...anyPort])
    const gateway = ForeignProcess.of(program.pid)
    const stuck = await program.connect()
    let received = 0
    const waiting = { forBytes: Infinity, reached: () => {} }
    const countOutput = () => {
      stuck.consume('process/output', ({ chunk }: { chunk: string }) => {
        received += Buffer.byteLength(chunk, 'base64')
        if (received >= waiting.forBytes) waiting.reached()
      })
    }

    // As large as it gets while somebody reads: code, buffers, room to collect garbage.
    await stuck.run('warm-up', 'exec head -c 50000000 /dev/zero', { env: { PATH: '/usr/bin:/bin' } })
    stuck.received.length = 0
    const neighbour = await program.connect()
    for (let index = 0; index < 100; index++) await neighbour.run(`before-${index}`, 'exit 7')
    const before = gateway.residentKib
    const expectBounded = () => {
      expect(gateway.residentKib - before).toBeLessThan(maxGrowthKib)
    }

    using writer = await startFound(stuck, 'p', zeros(outputBytes))
    const firstBytes = stuck.output('p').length
    countOutput()
    stuck.socket.pause()
    await writer.quiet()
    expectBounded()
    expect(writer.isAlive, 'it is held back, not done').toBe(true)

    for (let index = 0; index < 100; index++) {
      expect((await neighbour.run(`beside-${index}`, 'exit 7')).exitCode).toBe(7)
    }
    expectBounded()

    for (let stop = 1; stop <= stops; stop++) {
      const { promise, resolve } = Promise.withResolvers<void>()
      Object.assign(waiting, { forBytes: (outputBytes * stop) / (stops + 1), reached: resolve })
      stuck.socket.resume()
      await promise
      stuck.socket.pause()
      await writer.quiet()
      expectBounded()
    }
    stuck.socket.resume()
    await stuck.event('p', 'process/closed')
    expect(firstBytes + received).toBe(`${writer.pid}\n`.length + outputBytes)
    expectBounded()
  },
)
