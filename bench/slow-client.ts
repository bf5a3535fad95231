import { type Bench, ratio } from './support/bench.ts'
import { residentKib } from './support/memory.ts'
import { oneByOne, takeTurns } from './support/samples.ts'
import { Server } from './support/server.ts'

/** Whether a client that does not read what its process writes costs the others anything. */
export const slowClient: Bench = {
  name: 'slow-client',
  async run() {
    await using quiet = await Server.startGateway()
    await using disturbed = await Server.startGateway()
    const alone = await quiet.connect()
    const stuck = await disturbed.connect()
    const neighbour = await disturbed.connect()
    await stuck.start(['/bin/cat', '/dev/zero'])
    stuck.stopReading()
    const times = await takeTurns({
      turns: 16,
      // The buffers between the two are full long before the warm-up is over.
      warmUpTurns: 4,
      sides: {
        neighbour: oneByOne(100, () => neighbour.timeOneShot()),
        alone: oneByOne(100, () => alone.timeOneShot()),
      },
    })
    return [
      {
        name: 'one-shot beside a stuck client',
        measured: [
          { label: 'p50', value: times.neighbour.p50, unit: 'ms' },
          { label: 'quiet p50', value: times.alone.p50, unit: 'ms' },
        ],
        judged: ratio(times.neighbour.p50, times.alone.p50),
        bound: { atMost: 1.2 },
      },
      {
        name: 'memory beside a stuck client',
        measured: [
          { label: 'stuck', value: residentKib(disturbed.pid) / 1024, unit: 'MiB' },
          { label: 'quiet', value: residentKib(quiet.pid) / 1024, unit: 'MiB' },
        ],
        judged: ratio(residentKib(disturbed.pid), residentKib(quiet.pid)),
        bound: { atMost: 1.2 },
      },
    ]
  },
}
